//! Logs and metrics of the program itself.
