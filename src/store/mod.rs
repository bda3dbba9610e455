//! The store: everything that must survive, in embedded SQLite.
