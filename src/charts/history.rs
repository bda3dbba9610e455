//! The first objective by trial, with the best so far.

use super::axis::Axis;
use super::frame::{self, Crowd, Frame};
use super::number;
use super::picture::{Anchor, Colour, Paint, Picture, Point, Shape, Sheet};
use super::sweep::{Sweep, axis_title, best_in_words};
use crate::domain::trial::{Trial, TrialState};

/// Names of ticks.
const TICKS: usize = 6;
const TICKS_ON_A_PHONE: usize = 4;

pub(super) fn draw(sweep: &Sweep<'_>, sheet: Sheet) -> Picture {
    let objective = sweep.objective();
    let Some(best) = sweep.best() else {
        let title = format!("{} by trial", objective.metric);
        return frame::empty(sweep.name, &title, &sweep.tally(), sweep.nothing_yet());
    };
    let title = best_in_words(objective, best);
    let mut values: Vec<f64> = sweep.valued().map(|(_, value)| value).collect();
    values.extend(sweep.trials.iter().filter_map(pruned));
    let ticks = if sheet == Sheet::Phone { TICKS_ON_A_PHONE } else { TICKS };
    let y = Axis::objective(&values, objective.direction, ticks);
    let x = Axis::whole(-0.5, sweep.trials.len().max(2) as f64 - 0.5, TICKS);
    let outside = values.iter().filter(|value| y.place(**value).is_some_and(|(_, inside)| !inside)).count();
    let beyond = (outside > 0).then(|| format!("{} off the scale, at its edge", number::count(outside, "value")));
    let mut picture = match sheet {
        Sheet::Page => {
            let subtitle: Vec<String> = [sweep.tally()].into_iter().chain(beyond).collect();
            frame::titled(sweep.name, &title, &subtitle.join("; "), sheet.height())
        }
        // What there is room for: the message around it has the tally.
        Sheet::Phone => {
            let subtitle = beyond.unwrap_or_else(|| sweep.name.to_owned());
            frame::titled_for_phone(sweep.name, (&title, ""), &subtitle, sheet.height())
        }
    };
    let top = frame::legend(&mut picture, &legend(sweep, sheet));
    let frame = Frame::within(&picture, top, &y);
    frame::axes(&mut picture, &frame, (&x, "trial"), (&y, &axis_title(objective)));
    goal(&mut picture, &frame, sweep, &y);
    points(&mut picture, &frame, sweep, (&x, &y));
    best_so_far(&mut picture, &frame, sweep, (&x, &y));
    if let Some(place) = at(&frame, (&x, &y), best.0, best.1) {
        picture.shape(Shape::Diamond, place, 12.0, Colour::Vermillion);
    }
    picture
}

/// What a trial that was stopped early had come to.
fn pruned(trial: &Trial) -> Option<f64> {
    let last = trial.steps.last().filter(|_| matches!(trial.state, TrialState::Pruned | TrialState::Paused))?;
    Some(last.1).filter(|value| value.is_finite())
}

fn legend(sweep: &Sweep<'_>, sheet: Sheet) -> Vec<(Shape, Colour, &'static str)> {
    let has = |state| sweep.trials.iter().any(|trial| trial.state == state);
    let no_value = sweep.trials.iter().any(|trial| trial.state == TrialState::Complete && valueless(sweep, trial));
    let mut items = vec![(Shape::Disc, Colour::Blue, "done"), (Shape::Dash(4), Colour::Vermillion, "best so far")];
    if sheet == Sheet::Page {
        items.push((Shape::Diamond, Colour::Vermillion, "best"));
    }
    if has(TrialState::Pruned) || has(TrialState::Paused) {
        items.push((Shape::Triangle, Colour::Orange, "stopped early"));
    }
    match (has(TrialState::Failed), no_value) {
        (true, false) => items.push((Shape::Cross, Colour::Ink, "failed")),
        (_, true) => items.push((Shape::Cross, Colour::Ink, "no value")),
        (false, false) => {}
    }
    items
}

fn valueless(sweep: &Sweep<'_>, trial: &Trial) -> bool {
    super::sweep::value(trial, sweep.objective()).is_none()
}

fn at(frame: &Frame, (x, y): (&Axis, &Axis), trial: &Trial, value: f64) -> Option<Point> {
    let (across, _) = x.place(f64::from(trial.number))?;
    let (up, _) = y.place(value)?;
    Some(frame.at(across, up))
}

fn goal(picture: &mut Picture, frame: &Frame, sweep: &Sweep<'_>, y: &Axis) {
    let place = sweep.objective().goal.and_then(|goal| y.place(goal)).filter(|(_, inside)| *inside);
    let Some((place, _)) = place else { return };
    let (_, height) = frame.at(0.0, place);
    for k in 0..24 {
        let ends = [f64::from(k), f64::from(k) + 0.5].map(|part| (frame.x(part / 24.0), height));
        picture.line(ends.to_vec(), 2.0, Colour::Muted);
    }
    // On the right: the title of the axis is on the left.
    picture.text("goal", (frame.right, height - 8.0), 200.0, (Anchor::End, frame::TEXT, Colour::Muted));
}

fn points(picture: &mut Picture, frame: &Frame, sweep: &Sweep<'_>, axes: (&Axis, &Axis)) {
    let many = sweep.trials.len() > 400;
    let (radius, opacity) = if many { (4.0, 0.5) } else { (6.0, 0.75) };
    let cell = Crowd::cell(sweep.trials.len());
    let mut crowd = Crowd::default();
    for trial in sweep.trials {
        let (shape, colour, value) = match trial.state {
            TrialState::Complete if valueless(sweep, trial) => (Shape::Cross, Colour::Ink, None),
            TrialState::Complete => (Shape::Disc, Colour::Blue, super::sweep::value(trial, sweep.objective())),
            TrialState::Pruned | TrialState::Paused => (Shape::Triangle, Colour::Orange, pruned(trial)),
            TrialState::Failed => (Shape::Cross, Colour::Ink, None),
            TrialState::Waiting | TrialState::Running => continue,
        };
        let place = match value {
            Some(value) => at(frame, axes, trial, value),
            // What has no value stands at the foot.
            None => axes.0.place(f64::from(trial.number)).map(|(x, _)| (frame.x(x), frame.bottom - 12.0)),
        };
        if let Some(place) = place.filter(|place| crowd.takes(*place, cell)) {
            picture.shape(shape, place, radius, Paint { colour, opacity });
        }
    }
}

fn best_so_far(picture: &mut Picture, frame: &Frame, sweep: &Sweep<'_>, axes: (&Axis, &Axis)) {
    let direction = sweep.objective().direction;
    let mut line: Vec<Point> = Vec::new();
    let mut best: Option<f64> = None;
    for (trial, value) in sweep.valued() {
        if best.is_none_or(|best| direction.better(value, best)) {
            let Some(place) = at(frame, axes, trial, value) else { continue };
            if let Some(last) = line.last().copied() {
                line.push((place.0, last.1));
            }
            line.push(place);
            best = Some(value);
        }
    }
    if let Some(last) = line.last().copied() {
        line.push((frame.right, last.1));
    }
    picture.line(line, 4.0, Colour::Vermillion);
}
