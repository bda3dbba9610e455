//! The engine `argo` against a fake cluster: what it makes there, what it hears, and what becomes of both when
//! something fails.

mod launch;
mod pressure;
mod restart;
mod rights;
mod site;
mod stop;
mod watch;
