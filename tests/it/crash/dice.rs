//! Chance that can be repeated: the same seed gives the same throws.

/// The generator SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed in the variable `TUNEBOT_CRASH_SEED`, or a new one. It is printed, so that a failure can be repeated.
    pub fn from_environment() -> Self {
        let seed = match std::env::var("TUNEBOT_CRASH_SEED") {
            Ok(text) => text.parse().expect("TUNEBOT_CRASH_SEED is a number"),
            Err(_) => jiff::Timestamp::now().as_nanosecond() as u64,
        };
        eprintln!("TUNEBOT_CRASH_SEED={seed}");
        Self::new(seed)
    }

    /// From 0 to `end - 1`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ (bits >> 31)) % end
    }

    /// In so many of a hundred throws.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}
