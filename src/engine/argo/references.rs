//! What the workflow templates that tunings refer to declare: asked of the cluster, and kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use tokio::time::Instant;

use super::connection::{Connected, Connection};
use super::fault::Fault;
use super::template::{TemplateFacts, TemplateReference};
use crate::domain::tuning::WorkflowSource;

/// A template that was changed in the cluster is seen after this long.
const FRESH: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct References {
    known: Mutex<HashMap<Template, Kept>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Template {
    cluster_wide: bool,
    name: String,
}

struct Kept {
    at: Instant,
    facts: Arc<TemplateFacts>,
}

impl References {
    /// What `source` declares, together with the template that a manifest refers to.
    ///
    /// # Errors
    /// [`Fault`]: the template is not there, may not be read, or nobody answers; in words for people.
    pub async fn facts(&self, connection: &Connection, source: &WorkflowSource) -> Result<Arc<TemplateFacts>, Fault> {
        let manifest = match source {
            WorkflowSource::Template { name } => return self.template(connection, false, name).await,
            WorkflowSource::ClusterTemplate { name } => return self.template(connection, true, name).await,
            WorkflowSource::Manifest { manifest, .. } => TemplateFacts::of_spec(&manifest["spec"]),
        };
        let Some(TemplateReference { name, cluster }) = manifest.reference.clone() else {
            return Ok(Arc::new(manifest));
        };
        let template = self.template(connection, cluster, &name).await?;
        Ok(Arc::new(manifest.over(TemplateFacts::clone(&template))))
    }

    async fn template(
        &self,
        connection: &Connection,
        cluster_wide: bool,
        name: &str,
    ) -> Result<Arc<TemplateFacts>, Fault> {
        let template = Template { cluster_wide, name: name.to_owned() };
        if let Some(kept) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&template)
            && kept.at.elapsed() < FRESH
        {
            return Ok(Arc::clone(&kept.facts));
        }
        let facts = Arc::new(ask(connection, cluster_wide, name).await?);
        let kept = Kept { at: Instant::now(), facts: Arc::clone(&facts) };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(template, kept);
        Ok(facts)
    }
}

async fn ask(connection: &Connection, cluster_wide: bool, name: &str) -> Result<TemplateFacts, Fault> {
    let kind = if cluster_wide { "ClusterWorkflowTemplate" } else { "WorkflowTemplate" };
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", kind));
    let namespace = connection.connected().await?.namespace;
    let place = if cluster_wide { "the cluster".to_owned() } else { format!("namespace `{namespace}`") };
    let request = |to: Connected| async move {
        let templates: Api<DynamicObject> = if cluster_wide {
            Api::all_with(to.client, &resource)
        } else {
            Api::namespaced_with(to.client, &to.namespace, &resource)
        };
        templates.get(name).await
    };
    match connection.read(request).await {
        Ok(template) => Ok(TemplateFacts::of_spec(&template.data["spec"])),
        Err(Fault::NotFound(_)) => {
            let resource = kind.to_lowercase();
            Err(Fault::NotFound(format!(
                "there is no {kind} `{name}` in {place}: apply it there, or correct the tuning's `workflow` \
                 (`kubectl get {resource}s` lists those that are there)"
            )))
        }
        Err(fault) => Err(fault),
    }
}
