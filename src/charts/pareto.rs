//! Two objectives against one another, and the trials that no other beats in both.

use super::axis::Axis;
use super::frame::{self, Crowd, Frame, HEIGHT};
use super::picture::{Colour, Paint, Picture, Point, Shape};
use super::sweep::{Sweep, axis_title, value};
use crate::domain::metrics::Objective;

pub(super) fn draw(sweep: &Sweep<'_>) -> Picture {
    let mut objectives = sweep.objectives.iter();
    let (Some(first), Some(second)) = (objectives.next(), objectives.next()) else {
        let title = "Pareto front";
        return frame::empty(sweep.name, title, &sweep.tally(), "There is one objective; a front is between two.");
    };
    let pairs: Vec<(f64, f64)> =
        sweep.trials.iter().filter_map(|trial| Some((value(trial, first)?, value(trial, second)?))).collect();
    if pairs.is_empty() {
        let title = format!("{} against {}", first.metric, second.metric);
        return frame::empty(sweep.name, &title, &sweep.tally(), sweep.nothing_yet());
    }
    let front = front(&pairs, first, second);
    let (all, on_it) = (pairs.len(), front.len());
    let title = match (on_it, all) {
        (_, 1) => "one trial".to_owned(),
        (1, _) => format!("one of {all} trials beats all others in both"),
        _ => format!("{on_it} of {all} trials are on the Pareto front"),
    };
    let further = sweep.objectives.iter().skip(2).count();
    let note = if further > 0 { "; further objectives not shown" } else { "" };
    let subtitle = format!("{} against {}{note}", first.metric, second.metric);
    let across: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
    let up: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    let x = Axis::objective(&across, first.direction, 5);
    let y = Axis::objective(&up, second.direction, 5);

    let mut picture = frame::titled(sweep.name, &title, &subtitle, HEIGHT);
    let top = frame::legend(
        &mut picture,
        &[(Shape::Diamond, Colour::Vermillion, "on the front"), (Shape::Disc, Colour::Blue, "beaten")],
    );
    let frame = Frame::within(&picture, top, &y);
    frame::axes(&mut picture, &frame, (&x, &axis_title(first)), (&y, &axis_title(second)));
    let at = |(across, up): (f64, f64)| Some(frame.at(x.place(across)?.0, y.place(up)?.0));
    let mut crowd = Crowd::default();
    let (radius, opacity) = if all > 400 { (4.0, 0.45) } else { (6.0, 0.7) };
    for place in pairs.iter().filter_map(|pair| at(*pair)) {
        if crowd.takes(place, Crowd::cell(all)) {
            picture.shape(Shape::Disc, place, radius, Paint { colour: Colour::Blue, opacity });
        }
    }
    let places: Vec<Point> = front.iter().filter_map(|pair| at(*pair)).collect();
    picture.line(stairs(&places), 2.0, Colour::Vermillion);
    let mut crowd = Crowd::default();
    for place in places.into_iter().filter(|place| crowd.takes(*place, 3.0)) {
        picture.shape(Shape::Diamond, place, if on_it > 60 { 8.0 } else { 11.0 }, Colour::Vermillion);
    }
    picture
}

/// The pairs that no other beats in both, from the best first value on.
fn front(pairs: &[(f64, f64)], first: &Objective, second: &Objective) -> Vec<(f64, f64)> {
    let losses = |pair: &(f64, f64)| (first.direction.loss(pair.0), second.direction.loss(pair.1));
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| {
        let (a, b) = (losses(a), losses(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let mut front: Vec<(f64, f64)> = Vec::new();
    for pair in sorted {
        let beaten = front.last().is_some_and(|last| {
            let (last, own) = (losses(last), losses(&pair));
            last.1 <= own.1 && last != own
        });
        if !beaten {
            front.push(pair);
        }
    }
    front
}

/// Between two trials of the front lies what neither reaches.
fn stairs(places: &[Point]) -> Vec<Point> {
    let mut line: Vec<Point> = Vec::new();
    for place in places {
        if let Some(last) = line.last().copied() {
            line.push((place.0, last.1));
        }
        line.push(*place);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::metrics::Direction;

    #[test]
    fn the_front_holds_what_nothing_beats() {
        let objective = |name: &str, direction| Objective { metric: name.parse().unwrap(), direction, goal: None };
        let (error, speed) = (objective("error", Direction::Minimize), objective("speed", Direction::Maximize));
        let pairs = [(0.3, 50.0), (0.1, 10.0), (0.2, 30.0), (0.25, 20.0), (0.3, 40.0), (0.2, 30.0), (0.4, 50.0)];
        assert_eq!(front(&pairs, &error, &speed), [(0.1, 10.0), (0.2, 30.0), (0.2, 30.0), (0.3, 50.0)]);
    }
}
