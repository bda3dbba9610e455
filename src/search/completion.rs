//! Points of which only a part is given.

use crate::domain::params::Params;

use super::history::History;
use super::layout::Layout;
use super::random::draw;
use super::stream::Stream;

/// The given part of a point, as it is, with what it leaves out drawn at random: a whole parameter set, if `part` is a part
/// of one (see [`Space::check_part`](crate::domain::params::Space::check_part)).
///
/// Pure: it depends on the space, the seed, `number` and `part`. Cost: O(n_params · n_given).
pub fn complete(history: &History, number: u32, part: &Params) -> Params {
    let mut space = history.space().clone();
    for (name, value) in &part.0 {
        let only = space.get(name).map(|parameter| parameter.domain.only(value));
        if let Some(Ok(narrowed)) = only.map(|only| space.with_domain(name, only)) {
            space = narrowed;
        }
    }
    let layout = Layout::new(&space);
    let mut params = layout.params(&draw(&layout, &mut Stream::of_trial(history.seed(), number)));
    for (name, value) in &part.0 {
        // On its way through the layout a number may have lost a bit.
        if let Some(drawn) = params.0.get_mut(name) {
            *drawn = value.clone();
        }
    }
    params
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::params::Value;
    use crate::search::conformance::spaces::{bits, empty, mixed};

    #[test]
    fn what_is_given_stays_and_the_rest_is_drawn_within_the_space() {
        let history = empty(&mixed(), 3);
        let part: Params = [("optimizer".parse().unwrap(), Value::Text("adam".into()))].into_iter().collect();
        let points: Vec<Params> = (0..20).map(|number| complete(&history, number, &part)).collect();
        for point in &points {
            assert_eq!(mixed().check(point), Ok(()));
            assert_eq!(point.get(&"optimizer".parse().unwrap()), Some(&Value::Text("adam".into())));
        }
        let distinct: std::collections::BTreeSet<_> = bits(&points).into_iter().collect();
        assert_eq!(distinct.len(), 20);
        assert_eq!(complete(&history, 4, &points[7]), points[7], "a whole point stays as it is");
    }
}
