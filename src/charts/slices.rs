//! The first objective over each of the most important parameters, a panel for each.

use super::axis::Axis;
use super::font;
use super::frame::{self, Crowd, Frame, LINE, MARGIN, TEXT};
use super::number;
use super::picture::{Anchor, Colour, Paint, Picture, Shape};
use super::sweep::{Sweep, axis_title, best_in_words};
use crate::domain::params::{Domain, Parameter};

const PANELS: usize = 6;
const COLUMNS: usize = 2;
const PANEL_HEIGHT: f64 = 270.0;
const GAP: f64 = 44.0;

pub(super) fn draw(sweep: &Sweep<'_>) -> Picture {
    let objective = sweep.objective();
    let (parameters, left_out) = sweep.parameters(PANELS);
    let (Some(best), false) = (sweep.best(), parameters.is_empty()) else {
        let title = format!("{} by parameter", objective.metric);
        let why = if sweep.best().is_some() { "No parameter has more than one value." } else { sweep.nothing_yet() };
        return frame::empty(sweep.name, &title, &sweep.tally(), why);
    };
    let values: Vec<f64> = sweep.valued().map(|(_, value)| value).collect();
    let y = Axis::objective(&values, objective.direction, 4);
    let which = if sweep.importances.is_empty() { "by parameter" } else { "over what mattered most" };
    let title = format!("{} {which}", objective.metric);
    let others = if left_out > 0 { format!("; {left_out} more not shown") } else { String::new() };
    let subtitle = format!("{}{others}", best_in_words(objective, best));

    let rows = parameters.len().div_ceil(COLUMNS);
    let mut picture = frame::titled(sweep.name, &title, &subtitle, 150.0 + PANEL_HEIGHT * rows as f64);
    let top = frame::legend(
        &mut picture,
        &[(Shape::Disc, Colour::Blue, "done"), (Shape::Diamond, Colour::Vermillion, "best")],
    );
    let corner = (Picture::WIDTH - MARGIN, 112.0);
    picture.text(&axis_title(objective), corner, 600.0, (Anchor::End, TEXT, Colour::Ink));
    let names = frame::tick_width(&y) + 12.0;
    let columns = parameters.len().min(COLUMNS) as f64;
    let width = (Picture::WIDTH - 2.0 * MARGIN - 8.0 - names - GAP * (columns - 1.0)) / columns;
    let room = width - 170.0;
    let shown = font::fitted_names(parameters.iter().map(|parameter| parameter.name.as_str()), TEXT, room);
    for (index, (parameter, name)) in parameters.into_iter().zip(&shown).enumerate() {
        let (row, column) = ((index / COLUMNS) as f64, (index % COLUMNS) as f64);
        let left = MARGIN + names + column * (width + GAP);
        let panel = Frame {
            left,
            top: top + row * PANEL_HEIGHT + LINE,
            right: left + width,
            bottom: top + (row + 1.0) * PANEL_HEIGHT - LINE - 20.0,
        };
        draw_panel(&mut picture, &panel, sweep, (parameter, name), (&y, column == 0.0));
    }
    picture
}

fn draw_panel(
    picture: &mut Picture,
    panel: &Frame,
    sweep: &Sweep<'_>,
    (parameter, name): (&Parameter, &str),
    (y, named): (&Axis, bool),
) {
    let x = Axis::of(&parameter.domain, 3);
    if let Domain::Categorical { choices } = &parameter.domain {
        bands(picture, panel, choices.len());
    }
    frame::vertical_axis(picture, panel, y, named);
    frame::horizontal_axis(picture, panel, &x);
    let share = sweep.importances.iter().find(|one| one.parameter == parameter.name);
    let share = share.map(|one| format!(" ({})", number::percent(one.share))).unwrap_or_default();
    let scale = match parameter.domain {
        Domain::Float { log: true, .. } | Domain::Int { log: true, .. } => ", log scale",
        _ => "",
    };
    let (title, room) = (format!("{name}{share}{scale}"), panel.right - panel.left + 20.0);
    picture.text(&title, (panel.left, panel.top - 10.0), room, (Anchor::Start, TEXT, Colour::Ink));
    points(picture, panel, sweep, parameter, (&x, y));
}

/// Every other category on a ground of its own.
fn bands(picture: &mut Picture, panel: &Frame, count: usize) {
    for index in (0..count).step_by(2).take(64) {
        let ends = [index, index + 1].map(|end| panel.x(end as f64 / count as f64));
        let ground = Paint { colour: Colour::Faint, opacity: 0.45 };
        picture.rectangle((ends[0], panel.top), (ends[1], panel.bottom), ground);
    }
}

fn points(picture: &mut Picture, panel: &Frame, sweep: &Sweep<'_>, parameter: &Parameter, (x, y): (&Axis, &Axis)) {
    let count = sweep.trials.len();
    let (radius, opacity) = if count > 400 { (3.0, 0.45) } else { (5.0, 0.65) };
    let best = sweep.best().map(|(trial, _)| trial.number);
    let mut crowd = Crowd::default();
    let mut last = None;
    for (trial, value) in sweep.valued() {
        // The golden ratio spreads the numbers evenly.
        let shift = (f64::from(trial.number) * 0.618_033_988_75).fract() * 2.0 - 1.0;
        let known = trial.params.get(&parameter.name);
        let across = known.and_then(|value| x.place_of(&parameter.domain, value, shift));
        let Some((across, (up, _))) = across.zip(y.place(value)) else { continue };
        let place = panel.at(across, up);
        if Some(trial.number) == best {
            last = Some(place);
        } else if crowd.takes(place, Crowd::cell(count)) {
            picture.shape(Shape::Disc, place, radius, Paint { colour: Colour::Blue, opacity });
        }
    }
    if let Some(place) = last {
        picture.shape(Shape::Diamond, place, 11.0, Colour::Vermillion);
    }
}
