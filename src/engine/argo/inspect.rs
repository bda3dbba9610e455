//! Looks over a cluster before anything is launched: is it there, may tunebot do what it must, do the templates fit.

use super::access;
use super::fault::Fault;
use super::rights::{self, Right};
use super::{ArgoEngine, template};
use crate::domain::tuning::{TrialTemplate, Tuning, WorkflowSource, WorkflowTrial};

/// Something that is not as it must be, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Trials will fail until it is mended.
    Wrong(String),
    /// It cannot be known now: nobody answers.
    Unknown(String),
}

impl ArgoEngine {
    /// The namespace of the workflows; part of the addresses of Argo's pages.
    ///
    /// # Errors
    /// In words: the way to the cluster is not known.
    pub async fn namespace(&self) -> Result<String, String> {
        self.connection().connected().await.map(|to| to.namespace.to_string()).map_err(|fault| fault.to_string())
    }

    /// What is wrong in the cluster for `tunings`, which are those of this engine. Ends at the first sign that nobody
    /// answers.
    pub async fn inspect(&self, tunings: &[&Tuning]) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Err(fault) = self.inspect_all(tunings, &mut findings).await {
            let engine = &self.shared.name;
            findings.push(Finding::Unknown(format!("engine {engine}: the cluster does not answer: {fault}")));
        }
        findings
    }

    async fn inspect_all(&self, tunings: &[&Tuning], findings: &mut Vec<Finding>) -> Result<(), Fault> {
        let namespace = self.connection().connected().await?.namespace;
        let engine = &self.shared.name;
        let mut missing = Vec::new();
        for right in needed(tunings) {
            if !access::has(self.connection(), right).await? {
                let advice = rights::advice(right, &namespace);
                missing.push(right);
                findings.push(Finding::Wrong(format!("engine {engine}: {advice}")));
            }
        }
        for (tuning, trial) in workflows(tunings) {
            let unreadable = |right: Right| missing.contains(&right);
            match &trial.source {
                WorkflowSource::Template { .. } if unreadable(rights::TEMPLATES) => continue,
                WorkflowSource::ClusterTemplate { .. } if unreadable(rights::CLUSTER_TEMPLATES) => continue,
                _ => {}
            }
            let wrong = |text: String| Finding::Wrong(format!("tuning {}: {text}", tuning.name));
            match self.references.facts(self.connection(), &trial.source).await {
                Ok(facts) => findings.extend(template::complaints(&facts, trial, &tuning.space).into_iter().map(wrong)),
                Err(fault) if fault.is_transient() => return Err(fault),
                Err(fault) => findings.push(wrong(fault.to_string())),
            }
        }
        Ok(())
    }
}

/// Every right that the engine uses for `tunings`.
fn needed(tunings: &[&Tuning]) -> Vec<Right> {
    let uses = |wanted: fn(&WorkflowSource) -> bool| workflows(tunings).any(|(_, trial)| wanted(&trial.source));
    let mut needed = rights::ALWAYS.to_vec();
    if uses(|source| matches!(source, WorkflowSource::Template { .. })) {
        needed.push(rights::TEMPLATES);
    }
    if uses(|source| matches!(source, WorkflowSource::ClusterTemplate { .. })) {
        needed.push(rights::CLUSTER_TEMPLATES);
    }
    needed
}

fn workflows<'a>(tunings: &'a [&'a Tuning]) -> impl Iterator<Item = (&'a Tuning, &'a WorkflowTrial)> {
    tunings.iter().filter_map(|tuning| match &tuning.trial {
        TrialTemplate::Workflow(trial) => Some((*tuning, trial.as_ref())),
        TrialTemplate::Command { .. } => None,
    })
}
