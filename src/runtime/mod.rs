//! The loops that carry the pure decisions into the world.
