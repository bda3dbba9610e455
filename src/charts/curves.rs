//! What trials reported on their way, a line for each.

use super::axis::Axis;
use super::frame::{self, Frame, HEIGHT};
use super::picture::{Colour, Paint, Picture, Point, Shape};
use super::sweep::{Sweep, axis_title, best_in_words};
use crate::domain::trial::{Trial, TrialState};

/// Lines; of more trials, evenly by number.
const LINES: usize = 200;
/// Points of a line; of more steps, evenly.
const POINTS: usize = 200;

pub(super) fn draw(sweep: &Sweep<'_>) -> Picture {
    let objective = sweep.objective();
    let told: Vec<&Trial> =
        sweep.trials.iter().filter(|trial| trial.steps.iter().any(|(_, v)| v.is_finite())).collect();
    if told.is_empty() {
        let title = "learning curves";
        let why = if sweep.trials.is_empty() { sweep.nothing_yet() } else { "No trial has reported a step." };
        return frame::empty(sweep.name, title, &sweep.tally(), why);
    }
    let best = sweep.best().map(|(trial, _)| trial.number);
    let stride = told.len().div_ceil(LINES);
    let is_shown = |(index, trial): &(usize, &&Trial)| index.is_multiple_of(stride) || Some(trial.number) == best;
    let mut shown: Vec<&Trial> = told.iter().enumerate().filter(is_shown).map(|(_, trial)| *trial).collect();
    // The best is drawn last, over the others.
    shown.sort_by_key(|trial| Some(trial.number) == best);

    let title = format!("{} while the trials ran", objective.metric);
    let mut subtitle = match sweep.best() {
        Some(best) => best_in_words(objective, best),
        None => sweep.tally(),
    };
    if shown.len() < told.len() {
        subtitle = format!("{subtitle}; {} of {} trials", shown.len(), told.len());
    }
    let values: Vec<f64> = told.iter().flat_map(|trial| trial.steps.iter().map(|(_, value)| *value)).collect();
    let steps = told.iter().flat_map(|trial| trial.steps.iter().map(|(step, _)| *step));
    let (first, last) = steps.fold((u64::MAX, 0), |(low, high), step| (low.min(step), high.max(step)));
    let y = Axis::objective(&values, objective.direction, 6);
    let x = Axis::whole(first as f64, (last as f64).max(first as f64 + 1.0), 6);

    let mut picture = frame::titled(sweep.name, &title, &subtitle, HEIGHT);
    let top = frame::legend(&mut picture, &legend(&told, best));
    let frame = Frame::within(&picture, top, &y);
    frame::axes(&mut picture, &frame, (&x, "step"), (&y, &axis_title(objective)));
    for trial in shown {
        curve(&mut picture, &frame, trial, (&x, &y), Some(trial.number) == best);
    }
    picture
}

fn legend(told: &[&Trial], best: Option<u32>) -> Vec<(Shape, Colour, &'static str)> {
    let has = |state| told.iter().any(|trial| trial.state == state);
    let mut items = vec![(Shape::Dash(2), Colour::Blue, "trial")];
    if best.is_some_and(|best| told.iter().any(|trial| trial.number == best)) {
        items.push((Shape::Dash(5), Colour::Vermillion, "best"));
    }
    if has(TrialState::Pruned) || has(TrialState::Paused) {
        items.push((Shape::Triangle, Colour::Orange, "stopped early"));
    }
    if has(TrialState::Failed) {
        items.push((Shape::Cross, Colour::Ink, "failed"));
    }
    items
}

fn curve(picture: &mut Picture, frame: &Frame, trial: &Trial, (x, y): (&Axis, &Axis), best: bool) {
    let stride = trial.steps.len().div_ceil(POINTS).max(1);
    let last = trial.steps.len().saturating_sub(1);
    let kept = trial.steps.iter().enumerate().filter(|(index, _)| index.is_multiple_of(stride) || *index == last);
    let mut piece: Vec<Point> = Vec::new();
    let mut end = None;
    let (width, paint) = match (best, trial.state) {
        (true, _) => (5.0, Colour::Vermillion.into()),
        (false, TrialState::Pruned | TrialState::Paused) => (2.0, Paint { colour: Colour::Orange, opacity: 0.7 }),
        (false, TrialState::Failed) => (2.0, Paint { colour: Colour::Grey, opacity: 0.8 }),
        _ => (2.0, Paint { colour: Colour::Blue, opacity: 0.5 }),
    };
    for (_, (step, value)) in kept {
        let place = x.place(*step as f64).zip(y.place(*value).filter(|_| value.is_finite()));
        match place {
            Some(((across, _), (up, _))) => {
                piece.push(frame.at(across, up));
                end = piece.last().copied();
            }
            // What is not a number interrupts the line.
            None => flush(picture, &mut piece, width, paint),
        }
    }
    flush(picture, &mut piece, width, paint);
    match (end, trial.state) {
        (Some(end), TrialState::Pruned | TrialState::Paused) => {
            picture.shape(Shape::Triangle, end, 7.0, Colour::Orange)
        }
        (Some(end), TrialState::Failed) => picture.shape(Shape::Cross, end, 8.0, Colour::Ink),
        (Some(end), _) if best => picture.shape(Shape::Diamond, end, 11.0, Colour::Vermillion),
        _ => {}
    }
}

fn flush(picture: &mut Picture, piece: &mut Vec<Point>, width: f64, paint: Paint) {
    match std::mem::take(piece).as_slice() {
        [] => {}
        [only] => picture.shape(Shape::Disc, *only, 4.0, paint),
        points => picture.line(points.to_vec(), width, paint),
    }
}
