//! What a message says at the moment when it is sent: who has the word in one that sweeps share, what they came to before,
//! and what is too much to be written down with every edition.

use std::borrow::Cow;

use jiff::Timestamp;

use super::pictures;
use crate::domain::effect::{Content, Notification};
use crate::domain::report::Report;
use crate::domain::sweep::Destination;
use crate::notify::Supplement;
use crate::plan::summary;
use crate::store::{Sharer, Store, StoreError};

/// Earlier sweeps that a shared message tells of.
const MOST_BEFORE: u32 = 10;

pub(super) struct Edition<'a> {
    pub notification: Cow<'a, Notification>,
    pub supplement: Supplement,
    /// The message may be there although no receipt says so, from another sweep or another store.
    pub perhaps_there: bool,
}

/// The edition to send; none if there is nothing to say, because a newer sweep has the word.
///
/// A sweep that ends after that has one thing left to say: what it came to. Then the newer one's message is sent again,
/// with that in it. As effects that share a message are carried out one after the other, and a report is committed with
/// its effect, the message never goes back to an older state.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn of<'a>(store: &Store, notification: &'a Notification) -> Result<Option<Edition<'a>>, StoreError> {
    if let Content::Charts(report) = &notification.content {
        let supplement = Supplement { pictures: pictures::draw(store, report).await?, ..Supplement::default() };
        let something = !supplement.pictures.is_empty();
        let notification = Cow::Borrowed(notification);
        return Ok(something.then_some(Edition { notification, supplement, perhaps_there: false }));
    }
    let Content::Sweep(report) = &notification.content else {
        return Ok(Some(Edition {
            notification: Cow::Borrowed(notification),
            supplement: Supplement::default(),
            perhaps_there: false,
        }));
    };
    let Some(key) = notification.shared() else {
        let supplement = Supplement { trials: trials(store, notification, report).await?, ..Supplement::default() };
        return Ok(Some(Edition { notification: Cow::Borrowed(notification), supplement, perhaps_there: false }));
    };
    let mut sharers = store.sharers(&key, MOST_BEFORE + 1).await?;
    let newer = sharers.iter().position(|sharer| sharer.sweep == report.sweep).is_none_or(|place| place > 0);
    let newest = if sharers.is_empty() { None } else { Some(sharers.remove(0)) };
    let notification = match newest {
        Some(newest) if newer => {
            if !report.is_final() {
                return Ok(None);
            }
            let Some(present) = present(store, newest).await? else { return Ok(None) };
            Cow::Owned(Notification { content: Content::Sweep(Box::new(present)), ..notification.clone() })
        }
        _ => Cow::Borrowed(notification),
    };
    let before = sharers.into_iter().filter_map(|sharer| sharer.report).collect();
    let supplement = Supplement { before, ..Supplement::default() };
    Ok(Some(Edition { notification, supplement, perhaps_there: true }))
}

async fn present(store: &Store, sharer: Sharer) -> Result<Option<Report>, StoreError> {
    if sharer.report.is_some() {
        return Ok(sharer.report);
    }
    let stored = store.load_sweep(&sharer.sweep).await?;
    Ok(stored.map(|stored| summary::first_report(&stored.sweep, Timestamp::now())))
}

/// All trials, where they are shown: on the check run of a sweep that has ended.
async fn trials(
    store: &Store,
    notification: &Notification,
    report: &Report,
) -> Result<Vec<crate::domain::trial::Trial>, StoreError> {
    if report.is_final() && matches!(notification.destination, Destination::GithubCheck { .. }) {
        store.load_trials(&report.sweep).await
    } else {
        Ok(Vec::new())
    }
}
