use proptest::prelude::*;

use super::*;

const WANTED: [&str; 2] = ["push", "pull_request"];

fn attempt(id: u64, delivery: &str, minute: i64, status: u16) -> Attempt {
    let at = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute);
    Attempt { id, delivery: delivery.to_owned(), event: "push".to_owned(), at, status }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
}

#[test]
fn what_never_arrived_is_asked_for_again_in_the_order_in_which_it_happened() {
    let attempts =
        [attempt(9, "c", 3, 0), attempt(8, "b", 2, 502), attempt(7, "a", 1, 0), attempt(6, "arrived", 1, 202)];
    assert_eq!(to_redeliver(&attempts, &WANTED, at(3)), [7, 8, 9]);
}

#[test]
fn one_attempt_that_arrived_is_enough() {
    let attempts = [attempt(9, "a", 3, 502), attempt(8, "a", 2, 200), attempt(7, "a", 1, 0)];
    assert_eq!(to_redeliver(&attempts, &WANTED, at(60)), Vec::<u64>::new());
}

#[test]
fn further_attempts_come_later_and_later_and_end() {
    let twice = [attempt(1, "a", 0, 0), attempt(2, "a", 1, 0)];
    assert_eq!(to_redeliver(&twice, &WANTED, at(5)), Vec::<u64>::new());
    assert_eq!(to_redeliver(&twice, &WANTED, at(6)), [2]);
    let thrice = [twice[0].clone(), twice[1].clone(), attempt(3, "a", 6, 0)];
    assert_eq!(to_redeliver(&thrice, &WANTED, at(15)), Vec::<u64>::new());
    assert_eq!(to_redeliver(&thrice, &WANTED, at(16)), [3]);
    let often: Vec<Attempt> = (1..=6).map(|id| attempt(id, "a", id as i64, 0)).collect();
    assert_eq!(to_redeliver(&often, &WANTED, at(10_000)), Vec::<u64>::new());
}

#[test]
fn what_nothing_reacts_to_is_left_alone() {
    let star = Attempt { event: "star".to_owned(), ..attempt(1, "a", 0, 0) };
    assert_eq!(to_redeliver(&[star], &WANTED, at(1)), Vec::<u64>::new());
}

fn sha(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap()
}

#[test]
fn a_head_that_moved_came_or_went_is_a_difference() {
    let (main, old, new) = (HeadName::Branch("main".into()), HeadName::PullRequest(1), HeadName::PullRequest(2));
    let known = Heads::from([(main.clone(), sha('a')), (old.clone(), sha('b'))]);
    let now = Heads::from([(main.clone(), sha('c')), (new.clone(), sha('d'))]);
    let difference = |name, from, to| Difference { name, from, to };
    assert_eq!(
        differences(&known, &now, |_| true),
        [
            difference(main, Some(sha('a')), Some(sha('c'))),
            difference(old, Some(sha('b')), None),
            difference(new, None, Some(sha('d'))),
        ]
    );
    assert_eq!(differences(&known, &now, |name| matches!(name, HeadName::Branch(_))).len(), 1);
    assert_eq!(differences(&known, &known, |_| true), []);
}

proptest! {
    /// Whatever the attempts: each delivery is asked for at most once at a time, and never one that has arrived.
    #[test]
    fn no_delivery_is_asked_for_twice(tries in prop::collection::vec((0_u8..6, 0_i64..100, 0_u16..3), 0..40), now in 0_i64..200) {
        let attempts: Vec<Attempt> = (0..).zip(&tries)
            .map(|(id, (delivery, minute, status))| attempt(id, &delivery.to_string(), *minute, status * 200)).collect();
        let due = to_redeliver(&attempts, &WANTED, at(now));
        let mut of: Vec<&str> = due.iter().map(|id| attempts[*id as usize].delivery.as_str()).collect();
        of.sort_unstable();
        of.dedup();
        prop_assert_eq!(of.len(), due.len());
        for delivery in of {
            prop_assert!(attempts.iter().filter(|attempt| attempt.delivery == delivery).all(|attempt| attempt.status != 200));
        }
    }
}
