//! The one place that wires: configuration, adapters, loops, signals, and the joining of tasks.
