//! What a draft keeps of pull requests from forks.

use super::Draft;
use crate::domain::approval::{Approval, ForkNotice, SeenHead};
use crate::domain::effect::{Action, Content, Effect, Notification};
use crate::domain::ids::TuningName;
use crate::domain::sweep::Destination;
use crate::plan::route::fork::ForkHead;

impl Draft<'_> {
    pub fn saw(&mut self, head: SeenHead) {
        self.decided.seen_head = Some(head);
    }

    pub fn approve(&mut self, approval: Approval) {
        self.decided.approvals.push(approval);
    }

    /// Who has allowed the head by this very event.
    pub fn approver(&self, head: ForkHead<'_>) -> Option<String> {
        let is_it = |approval: &&Approval| {
            approval.repository == *head.repository && approval.pull_request == head.number && approval.sha == *head.sha
        };
        self.decided.approvals.iter().find(is_it).map(|approval| approval.by.clone())
    }

    /// The tuning would run the head, if somebody allowed it.
    pub fn wait_for_approval(&mut self, tuning: TuningName) {
        if !self.waiting.contains(&tuning) {
            self.waiting.push(tuning);
        }
    }

    pub fn waiting(&self) -> Vec<TuningName> {
        self.waiting.clone()
    }

    pub fn sweep_count(&self) -> usize {
        self.decided.sweeps.len()
    }

    /// Says what the head of a fork waits for, or that it waits no longer.
    pub fn notify_fork(&mut self, destination: Destination, notice: ForkNotice) {
        let slot = Notification::fork_slot(&destination, &notice);
        let action = Action::Notify(Notification { slot, destination, content: Content::Fork(notice) });
        self.decided.answers.push(Effect { sweep: None, due_at: self.occasion.now, action });
    }
}
