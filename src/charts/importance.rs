//! What each parameter had to do with being good, as bars.

use super::font;
use super::frame::{self, MARGIN, TEXT, UNDER_TITLE};
use super::number;
use super::picture::{Anchor, Colour, Picture};
use super::sweep::Sweep;

/// Bars; what follows them is summed up.
const MOST: usize = 12;
const ROW: f64 = 46.0;
/// The most that the names get.
const NAMES: f64 = 320.0;

pub(super) fn draw(sweep: &Sweep<'_>) -> Picture {
    let metric = &sweep.objective().metric;
    let Some(first) = sweep.importances.first() else {
        let title = format!("what mattered for {metric}");
        let why = if sweep.best().is_some() {
            "Nothing tells the best trials from the others yet."
        } else {
            sweep.nothing_yet()
        };
        return frame::empty(sweep.name, &title, &sweep.tally(), why);
    };
    let title = format!("{} mattered most for {metric}", first.parameter);
    let counted = number::count(sweep.valued().count(), "trial");
    let subtitle = format!("Share in what tells the best of {counted} from the others");
    let shown = &sweep.importances[..sweep.importances.len().min(MOST)];
    let rest = &sweep.importances[shown.len()..];
    let rows = shown.len() + usize::from(!rest.is_empty());
    let mut picture = frame::titled(sweep.name, &title, &subtitle, UNDER_TITLE + ROW * rows as f64 + MARGIN);

    let names = font::fitted_names(shown.iter().map(|one| one.parameter.as_str()), TEXT, NAMES);
    let mut bars: Vec<(String, f64, Colour)> =
        names.into_iter().zip(shown).map(|(name, one)| (name, one.share, Colour::Blue)).collect();
    if !rest.is_empty() {
        bars.push((format!("{} more", rest.len()), rest.iter().map(|one| one.share).sum(), Colour::Grey));
    }
    let names = bars.iter().map(|(name, ..)| font::width(name, TEXT)).fold(0.0, f64::max).min(NAMES);
    let left = MARGIN + names + 14.0;
    let right = Picture::WIDTH - MARGIN - 90.0;
    let largest = bars.iter().map(|(_, share, _)| *share).fold(f64::MIN_POSITIVE, f64::max);
    for (row, (name, share, colour)) in bars.iter().enumerate() {
        let top = UNDER_TITLE + ROW * row as f64;
        let baseline = top + ROW / 2.0 + 7.0;
        picture.text(name, (left - 14.0, baseline), NAMES, (Anchor::End, TEXT, Colour::Ink));
        let end = left + (right - left) * (share / largest).clamp(0.0, 1.0);
        picture.rectangle((left, top + 8.0), (end.max(left + 2.0), top + ROW - 8.0), *colour);
        let label = number::percent(*share);
        picture.text(&label, (end.max(left + 2.0) + 10.0, baseline), 100.0, (Anchor::Start, TEXT, Colour::Ink));
    }
    picture
}
