//! Ingress: raw bytes from outside are verified and parsed into events.
