//! The demonstration: everything at once, on this machine, with nothing to install.
