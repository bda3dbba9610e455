//! What a workflow gives.
