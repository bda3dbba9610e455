use super::*;

const HYPERBAND: Hyperband = Hyperband { min_steps: 1, max_steps: 81, eta: 3 };

fn shares(offset: u64, numbers: std::ops::Range<u32>) -> Vec<usize> {
    let brackets = HYPERBAND.brackets();
    let mut counts = vec![0; brackets.len()];
    for number in numbers {
        counts[bracket(&brackets, offset, number)] += 1;
    }
    counts
}

#[test]
fn a_bracket_begins_a_rung_later_than_the_one_before() {
    let firsts: Vec<u64> = HYPERBAND.brackets().iter().map(|bracket| bracket.first).collect();
    assert_eq!(firsts, [1, 3, 9, 27, 81]);
    let one: Vec<u64> =
        Hyperband { max_steps: 1, ..HYPERBAND }.brackets().iter().map(|bracket| bracket.first).collect();
    assert_eq!(one, [1]);
}

#[test]
fn brackets_get_about_the_same_number_of_steps_each() {
    // Weights 1/5, 1/12, 1/27, 1/54, 1/81 of 0.3512.
    assert_eq!(shares(0, 0..1000), [570, 237, 105, 53, 35]);
}

#[test]
fn every_stretch_of_trials_has_its_share_whatever_the_seed() {
    for seed in 0..20 {
        let offset = Stream::of_sweep(seed).bits();
        for begin in [0, 100, 7000] {
            let counts = shares(offset, begin..begin + 100);
            assert!((55..=59).contains(&counts[0]), "{counts:?}");
            assert!((2..=5).contains(&counts[4]), "{counts:?}");
        }
    }
}

#[test]
fn seeds_begin_at_different_brackets() {
    let first = |seed| bracket(&HYPERBAND.brackets(), Stream::of_sweep(seed).bits(), 0);
    assert!((0..50).any(|seed| first(seed) == 0) && (0..50).any(|seed| first(seed) != 0));
}
