//! Functions whose results are the same to the bit on every machine of one architecture.
//!
//! Those of the standard library come from the system's mathematics library, which chooses its code by the processor that
//! it finds. These are compiled in. Addition, multiplication, division and the square root are exact by IEEE 754, and
//! compilers leave their order alone.

pub(super) use libm::{exp, log as ln, pow as powf};
