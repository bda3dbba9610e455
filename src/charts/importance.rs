//! What each parameter had to do with being good, as bars.

use super::font;
use super::frame::{self, MARGIN, TEXT, UNDER_TITLE};
use super::number;
use super::picture::{Anchor, Colour, Picture, Sheet};
use super::sweep::Sweep;

/// Bars; what follows them is summed up.
const MOST: usize = 12;
const MOST_ON_A_PHONE: usize = 7;
const ROW: f64 = 46.0;
/// The most that the names get, in parts of the width.
const NAMES: f64 = 0.32;

pub(super) fn draw(sweep: &Sweep<'_>, sheet: Sheet) -> Picture {
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
    let most = if sheet == Sheet::Phone { MOST_ON_A_PHONE } else { MOST };
    let shown = &sweep.importances[..sweep.importances.len().min(most)];
    let rest = &sweep.importances[shown.len()..];
    let rows = shown.len() + usize::from(!rest.is_empty());
    let height = UNDER_TITLE + ROW * rows as f64 + MARGIN;
    let mut picture = match sheet {
        Sheet::Page => {
            let subtitle = format!("Share in what tells the best of {counted} from the others");
            frame::titled(sweep.name, &title, &subtitle, height)
        }
        Sheet::Phone => {
            let subtitle = format!("for {metric}, by {counted} of {}", sweep.name);
            frame::titled_for_phone(sweep.name, (first.parameter.as_str(), " mattered most"), &subtitle, height)
        }
    };
    let room_of_names = sheet.width() * NAMES;
    let names = font::fitted_names(shown.iter().map(|one| one.parameter.as_str()), TEXT, room_of_names);
    let mut bars: Vec<(String, f64, Colour)> =
        names.into_iter().zip(shown).map(|(name, one)| (name, one.share, Colour::Blue)).collect();
    if !rest.is_empty() {
        bars.push((format!("{} more", rest.len()), rest.iter().map(|one| one.share).sum(), Colour::Grey));
    }
    let names = bars.iter().map(|(name, ..)| font::width(name, TEXT)).fold(0.0, f64::max).min(room_of_names);
    let left = MARGIN + names + 14.0;
    let right = picture.width() - MARGIN - 90.0;
    let largest = bars.iter().map(|(_, share, _)| *share).fold(f64::MIN_POSITIVE, f64::max);
    for (row, (name, share, colour)) in bars.iter().enumerate() {
        let top = UNDER_TITLE + ROW * row as f64;
        let baseline = top + ROW / 2.0 + 7.0;
        picture.text(name, (left - 14.0, baseline), room_of_names, (Anchor::End, TEXT, Colour::Ink));
        let end = left + (right - left) * (share / largest).clamp(0.0, 1.0);
        picture.rectangle((left, top + 8.0), (end.max(left + 2.0), top + ROW - 8.0), *colour);
        let label = number::percent(*share);
        picture.text(&label, (end.max(left + 2.0) + 10.0, baseline), 100.0, (Anchor::Start, TEXT, Colour::Ink));
    }
    picture
}
