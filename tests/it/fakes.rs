//! The fakes themselves: they refuse what the real services refuse, for a test is worth no more than its fake.

mod deliveries;
mod github;
mod kubernetes;
mod scopes;
mod slack;
mod trials;
mod wire;
