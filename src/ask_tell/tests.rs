//! The protocol from end to end, in memory.
