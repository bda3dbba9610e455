//! Crash tests: the server dies at any moment, and nothing is lost, repeated or left behind.
//!
//! * [`random`] kills the real binary hundreds of times at random moments, with everything going on around it.
//! * [`outside`] kills it exactly before and exactly after each call to a service, and around its trials.
//! * [`inside`] ends the loops in this process after every single change of the store or of the world.
//!
//! [`aftermath`] and [`inside`] say what must hold afterwards.

mod aftermath;
mod dice;
pub mod inside;
mod outside;
mod random;
mod traffic;
