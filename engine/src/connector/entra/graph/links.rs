//! References of exported objects: members and managers by `$ref`, after all objects are there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::name::anchor_of_dn;
use super::GraphBackend;
use super::attributes::{Form, Kind, mapping};
use super::batch::{Answer, Item, Outcome};
use super::export::Job;
use super::import::objects_of;
use super::object::{of_cloud_anchor, of_cloud_anchor_text};
use super::query::address;
use super::refusal::{is_there_already, refusal};
use crate::connector::{CancelToken, ConnectorError, ExportAttributeChange, ExportOperation, ExportValue};

/// Members that one request adds.
const MEMBERS: usize = 20;

/// One request for references.
#[derive(Clone, Debug)]
struct Link {
    /// Place of the job.
    place: usize,
    attribute: String,
    source: Uuid,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// All of these or none.
    Members(Vec<Uuid>),
    Member(Uuid),
    NotMember(Uuid),
    Manager(Kind, Uuid),
    NoManager,
}

impl GraphBackend {
    /// Writes the references of all open changes.
    pub(super) fn refer(&mut self, jobs: &mut [Job<'_>], cancel: &CancelToken) -> Result<(), ConnectorError> {
        let present = self.present_members(jobs, cancel)?;
        let mut links = Vec::new();
        for (place, job) in jobs.iter_mut().enumerate() {
            if job.end.is_none() && job.change.operation != ExportOperation::Delete {
                self.links_of(place, job, &present, &mut links);
            }
        }
        let refused = self.send_links(jobs, links, cancel)?;
        // What was refused together is tried one by one: some of them may be there already.
        let mut single = Vec::new();
        for link in refused {
            let What::Members(members) = &link.what else { continue };
            single.extend(members.iter().map(|member| Link { what: What::Member(*member), ..link.clone() }));
        }
        self.send_links(jobs, single, cancel).map(drop)
    }

    fn links_of(&self, place: usize, job: &mut Job<'_>, present: &HashMap<Uuid, BTreeSet<Uuid>>, links: &mut Vec<Link>) {
        let Some(source) = job.id else { return };
        for (name, change) in &job.change.attributes {
            if !mapping(job.kind, name).is_some_and(|mapping| mapping.form == Form::Relation) {
                continue;
            }
            let mut link = |what| links.push(Link { place, attribute: name.clone(), source, what });
            let (adds, deletes) = match change {
                ExportAttributeChange::Replace(values) => (values.as_slice(), [].as_slice()),
                ExportAttributeChange::Values { adds, deletes } => (adds.as_slice(), deletes.as_slice()),
                ExportAttributeChange::Delete => ([].as_slice(), [].as_slice()),
            };
            let targets: Vec<Option<(Kind, Uuid)>> = adds.iter().map(|value| self.target(value)).collect();
            if targets.contains(&None) {
                job.unresolved.insert(name.clone());
            }
            let targets: Vec<(Kind, Uuid)> = targets.into_iter().flatten().collect();
            if job.kind == Kind::User {
                match targets.first() {
                    Some((kind, id)) => link(What::Manager(*kind, *id)),
                    None if adds.is_empty() && !job.new => link(What::NoManager),
                    None => {}
                }
                continue;
            }
            let wanted: BTreeSet<Uuid> = targets.iter().map(|(_, id)| *id).collect();
            let (mut come, mut go): (Vec<Uuid>, Vec<Uuid>) = (
                wanted.iter().copied().collect(),
                deletes.iter().filter_map(|value| self.target(value)).map(|(_, id)| id).collect(),
            );
            if let Some(present) = present.get(&source).filter(|_| replaces(change)) {
                come.retain(|member| !present.contains(member));
                go = present.difference(&wanted).copied().collect();
            }
            come.chunks(MEMBERS).for_each(|members| match members {
                [member] => link(What::Member(*member)),
                members => link(What::Members(members.to_vec())),
            });
            go.into_iter().for_each(|member| link(What::NotMember(member)));
        }
    }

    /// Class and id of a reference's target; nothing when the tenant has not told them yet.
    fn target(&self, value: &ExportValue) -> Option<(Kind, Uuid)> {
        let ExportValue::Reference(target) = value else { return None };
        let told = target.anchor.as_ref().and_then(of_cloud_anchor);
        let named = || {
            let anchor = anchor_of_dn(&target.dn)?;
            self.known.get(&anchor).copied().or_else(|| of_cloud_anchor_text(&anchor))
        };
        told.or_else(named)
    }

    /// Sends requests for references; gives those for several members that were refused.
    fn send_links(&mut self, jobs: &mut [Job<'_>], links: Vec<Link>, cancel: &CancelToken) -> Result<Vec<Link>, ConnectorError> {
        let base = self.client.url("v1.0");
        let items: Vec<Item> = links.iter().map(|link| item(link, base.as_str())).collect();
        let outcomes = self.batches.run(&mut self.client, &items, cancel)?;
        let mut refused = Vec::new();
        for (link, outcome) in links.into_iter().zip(outcomes) {
            let Some(job) = jobs.get_mut(link.place) else { continue };
            let answer = match outcome {
                Outcome::Answered(answer) => answer,
                Outcome::Lost(message) | Outcome::Busy(message) => {
                    job.postpone(&message);
                    continue;
                }
            };
            job.touched = true;
            match judge(&link.what, &answer) {
                Verdict::Done => {}
                Verdict::OneByOne => refused.push(link),
                Verdict::Unresolved => drop(job.unresolved.insert(link.attribute)),
                Verdict::Refused => {
                    let kind = job.kind;
                    job.refuse(refusal(kind, &answer).attribute(link.attribute));
                }
            }
        }
        Ok(refused)
    }

    /// The members of groups whose members are written as a whole, though the groups are not new.
    fn present_members(
        &mut self,
        jobs: &[Job<'_>],
        cancel: &CancelToken,
    ) -> Result<HashMap<Uuid, BTreeSet<Uuid>>, ConnectorError> {
        let whole = |job: &&Job<'_>| {
            job.end.is_none()
                && job.kind == Kind::Group
                && !job.new
                && job.change.attributes.iter().any(|(name, change)| {
                    replaces(change) && mapping(job.kind, name).is_some_and(|mapping| mapping.form == Form::Relation)
                })
        };
        let mut open: BTreeMap<Uuid, String> = jobs
            .iter()
            .filter(whole)
            .filter_map(|job| job.id)
            .map(|id| (id, address(&format!("groups/{id}/members"), &[("$select", "id"), ("$top", "999")])))
            .collect();
        let mut present: HashMap<Uuid, BTreeSet<Uuid>> = HashMap::new();
        while !open.is_empty() {
            let items: Vec<Item> = open.values().map(Item::get).collect();
            let answers = self.ask(&items, cancel)?;
            let mut further = BTreeMap::new();
            for ((group, _), answer) in open.into_iter().zip(answers) {
                if let Some(next) = answer.get("@odata.nextLink").and_then(Value::as_str) {
                    further.insert(group, self.below_version(next)?);
                }
                present.entry(group).or_default().extend(objects_of(answer).map(|(id, _)| id));
            }
            open = further;
        }
        Ok(present)
    }
}

/// True when an attribute gets exactly the values of a change.
fn replaces(change: &ExportAttributeChange) -> bool {
    matches!(change, ExportAttributeChange::Replace(_) | ExportAttributeChange::Delete)
}

fn item(link: &Link, base: &str) -> Item {
    let object = |id: &Uuid| format!("{base}/directoryObjects/{id}");
    let source = link.source;
    match &link.what {
        What::Members(members) => {
            let members: Vec<String> = members.iter().map(object).collect();
            Item::write("PATCH", format!("groups/{source}"), Some(json!({ "members@odata.bind": members })))
        }
        What::Member(member) => {
            Item::write("POST", format!("groups/{source}/members/$ref"), Some(json!({ "@odata.id": object(member) })))
        }
        What::NotMember(member) => Item::write("DELETE", format!("groups/{source}/members/{member}/$ref"), None),
        What::Manager(kind, manager) => {
            let body = json!({ "@odata.id": format!("{base}/{}/{manager}", kind.set()) });
            Item::write("PUT", format!("users/{source}/manager/$ref"), Some(body))
        }
        What::NoManager => Item::write("DELETE", format!("users/{source}/manager/$ref"), None),
    }
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Done,
    OneByOne,
    Unresolved,
    Refused,
}

fn judge(what: &What, answer: &Answer) -> Verdict {
    match what {
        _ if answer.is_good() => Verdict::Done,
        What::Members(_) if matches!(answer.status, 400 | 404) => Verdict::OneByOne,
        What::Member(_) if is_there_already(answer) => Verdict::Done,
        What::Member(_) | What::Manager(..) if answer.status == 404 => Verdict::Unresolved,
        // What is gone already is what was wanted.
        What::NotMember(_) | What::NoManager if answer.status == 404 => Verdict::Done,
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_to_references_are_told_apart() {
        let check = |what: What, status: u16, message: &str, expected: Verdict| {
            let body = json!({"error": {"code": "Request_BadRequest", "message": message}});
            assert_eq!(judge(&what, &Answer { status, body, request_id: None }), expected, "{what:?} {status}");
        };
        let id = Uuid::nil();
        let already = "One or more added object references already exist for the following modified properties: 'members'.";
        check(What::Member(id), 204, "", Verdict::Done);
        check(What::Member(id), 400, already, Verdict::Done);
        check(What::Member(id), 400, "no", Verdict::Refused);
        check(What::Member(id), 404, "", Verdict::Unresolved);
        check(What::Members(vec![id]), 400, already, Verdict::OneByOne);
        check(What::Members(vec![id]), 404, "", Verdict::OneByOne);
        check(What::Members(vec![id]), 403, "", Verdict::Refused);
        check(What::NotMember(id), 404, "", Verdict::Done);
        check(What::NotMember(id), 400, "", Verdict::Refused);
        check(What::Manager(Kind::User, id), 404, "", Verdict::Unresolved);
        check(What::NoManager, 404, "", Verdict::Done);
        check(What::NoManager, 403, "", Verdict::Refused);
    }
}
