//! Charts of a sweep, as SVG for pages and as PNG for chats.
//!
//! A chart is a pure function of plain data: the trials, what they were to reach, the space and what mattered. Each has a
//! file that turns these into a [`Picture`], which is lines, shapes and texts at places; `render` turns a picture into
//! bytes. Whatever the data are (no trial, one, thousands, NaN, the widest ranges), a picture comes of them and nothing
//! panics: where there is nothing to see, it says why.
//!
//! They are made to be read on a phone: 1000 wide, no text below 20, a meaning never carried by colour alone, and
//! colours that the colour-blind tell apart.

mod axis;
mod curves;
mod font;
mod frame;
mod history;
mod importance;
mod number;
mod parallel;
mod pareto;
mod picture;
mod render;
mod slices;
mod sweep;

pub use picture::{Picture, Sheet};
pub use render::{RenderError, render};
pub use sweep::Sweep;

/// What is shown of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first objective by trial, with the best so far.
    History,
    /// What each parameter had to do with being good.
    Importance,
    /// The first objective over each of the most important parameters.
    Slices,
    /// Each trial as a line through its parameters.
    Parallel,
    /// Two objectives, and the trials that no other beats in both.
    Pareto,
    /// What trials reported on their way.
    Curves,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::History, Self::Importance, Self::Slices, Self::Parallel, Self::Pareto, Self::Curves];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Importance => "importance",
            Self::Slices => "slices",
            Self::Parallel => "parallel",
            Self::Pareto => "pareto",
            Self::Curves => "curves",
        }
    }
}

/// How a picture is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Svg,
    Png,
}

impl Format {
    pub fn named(name: &str) -> Option<Self> {
        [Self::Svg, Self::Png].into_iter().find(|format| format.name() == name)
    }

    /// What names of files end in.
    pub fn name(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
        }
    }
}

/// The chart of this kind.
///
/// Cost: O(trials × (parameters + steps)), and no more than some thousand marks in the picture.
pub fn draw(kind: Kind, sweep: &Sweep<'_>) -> Picture {
    match kind {
        Kind::History => history::draw(sweep, Sheet::Page),
        Kind::Importance => importance::draw(sweep, Sheet::Page),
        Kind::Slices => slices::draw(sweep),
        Kind::Parallel => parallel::draw(sweep),
        Kind::Pareto => pareto::draw(sweep),
        Kind::Curves => curves::draw(sweep),
    }
}

/// What goes into a chat when a sweep has ended, drawn for a phone: how it came to its best, and what mattered. What there
/// is nothing to see of is left out.
pub fn draw_for_phone(sweep: &Sweep<'_>) -> Vec<(Kind, Picture)> {
    if sweep.best().is_none() {
        return Vec::new();
    }
    let pictures = [
        (Kind::History, history::draw(sweep, Sheet::Phone)),
        (Kind::Importance, importance::draw(sweep, Sheet::Phone)),
    ];
    pictures.into_iter().filter(|(_, picture)| !picture.is_empty()).collect()
}
