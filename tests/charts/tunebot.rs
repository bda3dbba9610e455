//! `charts/tunebot`: the bot alone.
