//! The local engine with real processes: what a trial gets, how it ends, and that nothing is ever left running.

mod launch;
mod restart;
mod result;
mod site;
mod stop;
