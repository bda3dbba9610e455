//! Each trial as a line through its parameters: parallel coordinates, with the axes one under the other, so that their
//! names can be read.

use super::axis::Axis;
use super::font;
use super::frame::{self, LINE, MARGIN, TEXT};
use super::number;
use super::picture::{Anchor, Colour, Paint, Picture, Point, Shape};
use super::sweep::{Sweep, axis_title, best_in_words};
use crate::domain::params::{Domain, Parameter};
use crate::domain::trial::Trial;

/// Parameters with an axis.
const PARAMETERS: usize = 12;
/// Lines; of more trials, evenly by rank.
const LINES: usize = 200;
const ROW: f64 = 74.0;
/// The most that the names on the left get.
const NAMES: f64 = 260.0;
/// Trials among the best: one in so many.
const BEST: usize = 10;

pub(super) fn draw(sweep: &Sweep<'_>) -> Picture {
    let objective = sweep.objective();
    let ranked = sweep.ranked();
    let (parameters, left_out) = sweep.parameters(PARAMETERS);
    let (Some(best), false) = (ranked.first().copied(), parameters.is_empty()) else {
        let title = "trials by parameter";
        let why = if ranked.is_empty() { sweep.nothing_yet() } else { "No parameter has more than one value." };
        return frame::empty(sweep.name, title, &sweep.tally(), why);
    };
    let title = "where the best trials lie";
    let mut subtitle = best_in_words(objective, best);
    if ranked.len() > LINES {
        subtitle = format!("{subtitle}; {LINES} of {} trials", ranked.len());
    }
    if left_out > 0 {
        subtitle = format!("{subtitle}; {} not shown", number::count(left_out, "more parameter"));
    }
    let rows = parameters.len() + 1;
    let mut picture = frame::titled(sweep.name, title, &subtitle, 150.0 + ROW * rows as f64 + 8.0);
    let top = frame::legend(
        &mut picture,
        &[
            (Shape::Dash(5), Colour::Vermillion, "best"),
            (Shape::Dash(3), Colour::Blue, "best tenth"),
            (Shape::Dash(2), Colour::Grey, "others"),
        ],
    );
    let names = font::fitted_names(parameters.iter().map(|parameter| parameter.name.as_str()), TEXT, NAMES);
    let metric = font::fitted(objective.metric.as_str(), TEXT, NAMES);
    let widest = names.iter().chain([&metric]).map(|name| font::width(name, TEXT)).fold(0.0, f64::max);
    let values: Vec<f64> = ranked.iter().map(|(_, value)| *value).collect();
    let rows = Rows {
        left: MARGIN + widest + 20.0,
        right: Picture::WIDTH - MARGIN - 20.0,
        top: top + 6.0,
        objective: Axis::objective(&values, objective.direction, 4),
        parameters: parameters
            .into_iter()
            .zip(names)
            .map(|(parameter, name)| (parameter, name, axis(&parameter.domain)))
            .collect(),
    };
    lines(&mut picture, &rows, &ranked);
    rows.draw(&mut picture, &metric);
    let corner = (Picture::WIDTH - MARGIN, 112.0);
    picture.text(&axis_title(objective), corner, 480.0, (Anchor::End, TEXT, Colour::Ink));
    picture
}

/// With both ends of the range named: the row has nothing else that would tell them.
fn axis(domain: &Domain) -> Axis {
    let axis = Axis::of(domain, 3);
    if matches!(domain, Domain::Categorical { .. }) { axis } else { axis.with_ends() }
}

/// The axes: the parameters from above, the objective last.
struct Rows<'a> {
    left: f64,
    right: f64,
    top: f64,
    /// Each with its name, cut to the room.
    parameters: Vec<(&'a Parameter, String, Axis)>,
    objective: Axis,
}

impl Rows<'_> {
    fn y(&self, row: usize) -> f64 {
        self.top + ROW * row as f64 + 14.0
    }

    fn x(&self, share: f64) -> f64 {
        self.left + share * (self.right - self.left)
    }

    fn draw(&self, picture: &mut Picture, metric: &str) {
        let room = self.left - MARGIN - 14.0;
        for (row, (_, name, axis)) in self.parameters.iter().enumerate() {
            self.axis(picture, row, axis);
            let place = (self.left - 20.0, self.y(row) + 7.0);
            picture.text(name, place, room, (Anchor::End, TEXT, Colour::Ink));
        }
        let last = self.parameters.len();
        self.axis(picture, last, &self.objective);
        picture.text(metric, (self.left - 20.0, self.y(last) + 7.0), room, (Anchor::End, TEXT, Colour::Ink));
    }

    fn axis(&self, picture: &mut Picture, row: usize, axis: &Axis) {
        let y = self.y(row);
        picture.line(vec![(self.left, y), (self.right, y)], 2.0, Colour::Muted);
        let mut taken = f64::NEG_INFINITY;
        for (tick, label) in axis.ticks.iter().zip(frame::tick_labels(axis, self.right - self.left)) {
            let x = self.x(tick.place);
            picture.line(vec![(x, y - 6.0), (x, y + 6.0)], 2.0, Colour::Muted);
            let half = font::width(&label, TEXT) / 2.0;
            let centre = x.min(Picture::WIDTH - 6.0 - half).max(self.left - 16.0 + half.min(16.0));
            if centre - half > taken + 10.0 {
                taken = centre + half;
                let ground = Paint { colour: Colour::White, opacity: 0.8 };
                picture.rectangle((centre - half - 3.0, y + 8.0), (centre + half + 3.0, y + LINE), ground);
                picture.text(&label, (centre, y + 27.0), f64::INFINITY, (Anchor::Middle, TEXT, Colour::Muted));
            }
        }
    }
}

fn lines(picture: &mut Picture, rows: &Rows<'_>, ranked: &[(&Trial, f64)]) {
    let stride = ranked.len().div_ceil(LINES).max(1);
    let best = ranked.len().div_ceil(BEST);
    let opacity = if ranked.len() > 60 { 0.3 } else { 0.6 };
    // The best are drawn last, over the others.
    for (rank, (trial, value)) in ranked.iter().enumerate().rev().filter(|(rank, _)| rank.is_multiple_of(stride)) {
        let (width, paint) = match rank {
            0 => (5.0, Colour::Vermillion.into()),
            rank if rank < best => (3.0, Paint { colour: Colour::Blue, opacity: opacity + 0.25 }),
            _ => (2.0, Paint { colour: Colour::Grey, opacity }),
        };
        for piece in pieces(rows, trial, *value) {
            if let [only] = piece.as_slice() {
                picture.shape(Shape::Disc, *only, 4.0, paint);
            } else {
                picture.line(piece, width, paint);
            }
        }
    }
}

/// The line of one trial, in pieces: it is interrupted where a parameter is not active.
fn pieces(rows: &Rows<'_>, trial: &Trial, value: f64) -> Vec<Vec<Point>> {
    let mut pieces = vec![Vec::new()];
    // Lines of equal categories lie side by side.
    let shift = (f64::from(trial.number) * 0.618_033_988_75).fract() * 2.0 - 1.0;
    for (row, (parameter, _, axis)) in rows.parameters.iter().enumerate() {
        let width = if matches!(parameter.domain, Domain::Categorical { .. }) { shift * 0.5 } else { 0.0 };
        let place = trial.params.get(&parameter.name);
        match place.and_then(|value| axis.place_of(&parameter.domain, value, width)) {
            Some(place) => pieces.last_mut().into_iter().for_each(|piece| piece.push((rows.x(place), rows.y(row)))),
            None => pieces.push(Vec::new()),
        }
    }
    if let Some((place, _)) = rows.objective.place(value) {
        let end = (rows.x(place), rows.y(rows.parameters.len()));
        pieces.last_mut().into_iter().for_each(|piece| piece.push(end));
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}
