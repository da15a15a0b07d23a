//! Writing to the tenant: look first, then make, change, delete, and at last refer.
//!
//! Every stage asks for all objects of a call at once, so that requests fill their batches. A creation whose answer was
//! lost is looked for before it is tried again; everything else can be sent twice without harm.

use std::collections::BTreeSet;

use rand::Rng as _;
use rand::seq::SliceRandom as _;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::attributes::{Form, Kind, SOURCE_ANCHOR, mapping};
use super::batch::{Answer, Item, Outcome};
use super::lookup::{Candidate, Found, Search};
use super::object::{USER_ANCHOR, cloud_anchor, of_cloud_anchor, write_value};
use super::refusal::refusal;
use super::{Domains, GraphBackend};
use crate::connector::{
    Anchor, CancelToken, ConnectorError, ConnectorErrorKind, EntryValue, ExportAttributeChange, ExportChange, ExportOperation,
    ExportOutcome, ExportResult, ExportValue, TARGET_CANNOT_STORE,
};
use crate::model::{AlgorithmStep, ErrorCode, ObjectError, Schema};

use super::super::name::anchor_of_dn;
use super::super::roles::{GROUPS, USERS};

/// How often a creation is tried whose answer is lost again and again.
const CREATIONS: usize = 3;
/// Length of the passwords that new users get, which nobody learns.
const PASSWORD: usize = 32;
/// Longest nickname of a group.
const NICKNAME: usize = 64;

/// One change on its way.
#[derive(Debug)]
pub struct Job<'a> {
    /// What is to be done.
    pub change: &'a ExportChange,
    /// Class of the object.
    pub kind: Kind,
    /// Its source anchor.
    pub anchor: Option<String>,
    /// Its id, once it has one.
    pub id: Option<Uuid>,
    /// It was made by this call, so nothing refers from it yet.
    pub new: bool,
    /// Something was done for it already.
    pub touched: bool,
    /// Reference attributes with targets that the tenant does not know.
    pub unresolved: BTreeSet<String>,
    warnings: Vec<ObjectError>,
    /// What became of it, once that is certain.
    pub end: Option<ExportOutcome>,
}

impl Job<'_> {
    /// Refuses the change.
    pub fn refuse(&mut self, error: ObjectError) {
        self.end.get_or_insert(ExportOutcome::Refused(if error.detail.step.is_none() {
            error.at(AlgorithmStep::Export)
        } else {
            error
        }));
    }

    /// Leaves the change for another time.
    pub fn postpone(&mut self, message: &str) {
        let error = ObjectError::new(ErrorCode::CD_CONNECTIVITY, message).at(AlgorithmStep::Export);
        self.end.get_or_insert(ExportOutcome::Transient(error));
    }

    /// Takes the answer to a write of the object itself.
    fn settle(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Answered(answer) if answer.is_good() => self.touched = true,
            Outcome::Answered(answer) => self.refuse(refusal(self.kind, &answer)),
            Outcome::Lost(message) | Outcome::Busy(message) => self.postpone(&message),
        }
    }

    fn is_open(&self) -> bool {
        self.end.is_none()
    }

    fn outcome(self) -> ExportOutcome {
        let (kind, id) = (self.kind, self.id);
        self.end.unwrap_or_else(|| ExportOutcome::Success {
            anchor: id.map(|id| Anchor(cloud_anchor(kind, id).into_bytes())),
            unresolved: self.unresolved.into_iter().collect(),
            warnings: self.warnings,
        })
    }

    fn text(&self, attribute: &str) -> Option<&str> {
        let (_, change) = self.change.attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute))?;
        match values_of(change).first()? {
            ExportValue::Plain(EntryValue::Text(text)) if !text.is_empty() => Some(text),
            ExportValue::Plain(_) | ExportValue::Reference(_) => None,
        }
    }

    fn flag(&self, attribute: &str) -> Option<bool> {
        let (_, change) = self.change.attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute))?;
        match values_of(change).first()? {
            ExportValue::Plain(EntryValue::Boolean(flag)) => Some(*flag),
            ExportValue::Plain(_) | ExportValue::Reference(_) => None,
        }
    }

    /// The primary address, without its prefix.
    fn address(&self) -> Option<String> {
        let proxies = self.change.attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case("proxyAddresses"));
        let primary = proxies.and_then(|(_, change)| {
            values_of(change).iter().find_map(|value| match value {
                ExportValue::Plain(EntryValue::Text(text)) => text.strip_prefix("SMTP:"),
                ExportValue::Plain(_) | ExportValue::Reference(_) => None,
            })
        });
        primary.or_else(|| self.text("mail")).map(str::to_owned)
    }

    fn creates(&self) -> bool {
        matches!(self.change.operation, ExportOperation::Add | ExportOperation::DeleteAdd)
    }
}

/// The values that an attribute gets.
fn values_of(change: &ExportAttributeChange) -> &[ExportValue] {
    match change {
        ExportAttributeChange::Replace(values) | ExportAttributeChange::Values { adds: values, .. } => values,
        ExportAttributeChange::Delete => &[],
    }
}

impl GraphBackend {
    /// Sends changes and says what became of each.
    pub(super) fn write(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        let domains = self.prepare_export(cancel)?;
        let mut jobs: Vec<Job<'_>> = changes.iter().map(job).collect();
        self.check_roles(&mut jobs, cancel)?;
        if jobs.iter().any(|job| job.is_open() && job.kind == Kind::Group && job.creates())
            && let Err(error) = self.group_anchor(true, cancel)
        {
            for job in jobs.iter_mut().filter(|job| job.kind == Kind::Group && job.creates()) {
                job.refuse(ObjectError::new(ErrorCode::PERMISSION_ISSUE, error.message.clone()));
            }
        }
        if let Err(error) = self.stages(&mut jobs, &domains, cancel) {
            if jobs.iter().all(|job| !job.touched) {
                return Err(error);
            }
            tracing::warn!(%error, "the rest of the changes is not sent");
            jobs.iter_mut().filter(|job| job.is_open()).for_each(|job| job.postpone(&error.message));
        }
        Ok(jobs.into_iter().map(|job| ExportResult { outcome: job.outcome() }).collect())
    }

    /// Refuses what the application has no role for, before anything is sent; the whole call when nothing of it is left.
    fn check_roles(&mut self, jobs: &mut [Job<'_>], cancel: &CancelToken) -> Result<(), ConnectorError> {
        let mut missing = Vec::new();
        for (kind, need) in [(Kind::User, USERS), (Kind::Group, GROUPS)] {
            if !jobs.iter().any(|job| job.is_open() && job.kind == kind) {
                continue;
            }
            if let Err(error) = self.client.demand(need, cancel) {
                if error.kind != ConnectorErrorKind::Permission {
                    return Err(error);
                }
                for job in jobs.iter_mut().filter(|job| job.kind == kind) {
                    job.refuse(ObjectError::new(ErrorCode::PERMISSION_ISSUE, error.message.clone()));
                }
                missing.push(error.message);
            }
        }
        if missing.is_empty() || jobs.iter().any(Job::is_open) {
            return Ok(());
        }
        Err(self.error(ConnectorErrorKind::Permission, missing.join("; ")))
    }

    fn stages(&mut self, jobs: &mut [Job<'_>], domains: &Domains, cancel: &CancelToken) -> Result<(), ConnectorError> {
        self.locate(jobs, cancel)?;
        self.delete(jobs, cancel)?;
        let mut creatable: Vec<bool> = vec![false; jobs.len()];
        for _ in 0..CREATIONS {
            let open = |job: &Job<'_>| job.is_open() && job.creates() && job.id.is_none();
            if !jobs.iter().any(open) {
                break;
            }
            self.place(jobs, domains, &mut creatable, cancel)?;
            self.create(jobs, domains, &creatable, cancel)?;
        }
        for job in jobs.iter_mut().filter(|job| job.is_open() && job.creates() && job.id.is_none()) {
            job.postpone("the connection broke at every try to make the object; it is looked for and tried again");
        }
        self.update(jobs, domains, cancel)?;
        self.refer(jobs, cancel)
    }

    /// Finds objects that were exported and never imported, so that their ids are not known.
    fn locate(&mut self, jobs: &mut [Job<'_>], cancel: &CancelToken) -> Result<(), ConnectorError> {
        for kind in [Kind::User, Kind::Group] {
            let lost = |job: &Job<'_>| {
                job.is_open()
                    && job.kind == kind
                    && job.anchor.is_some()
                    && job.change.anchor.is_none()
                    && job.change.operation != ExportOperation::Add
            };
            let searches: Vec<Search> = jobs
                .iter()
                .filter(|job| lost(job))
                .map(|job| Search { anchor: job.anchor.clone().unwrap_or_default(), ..Search::default() })
                .collect();
            if searches.is_empty() {
                continue;
            }
            let found = self.look_up(kind, &searches, cancel)?;
            for (job, found) in jobs.iter_mut().filter(|job| lost(job)).zip(found) {
                job.id = found.own.map(|own| own.id);
            }
        }
        Ok(())
    }

    /// Deletes objects that carry our anchor. An object that is gone is what a deletion is after.
    fn delete(&mut self, jobs: &mut [Job<'_>], cancel: &CancelToken) -> Result<(), ConnectorError> {
        let deletes =
            |job: &Job<'_>| job.is_open() && matches!(job.change.operation, ExportOperation::Delete | ExportOperation::DeleteAdd);
        let target =
            |job: &Job<'_>| job.change.anchor.as_ref().and_then(of_cloud_anchor).or_else(|| job.id.map(|id| (job.kind, id)));
        let targets: Vec<_> = jobs.iter().filter(|job| deletes(job)).filter_map(target).collect();
        if targets.is_empty() {
            return Ok(());
        }
        let there = self.look_at(&targets, cancel)?;
        let (mut items, mut places) = (Vec::new(), Vec::new());
        for (place, job) in jobs.iter_mut().enumerate().filter(|(_, job)| deletes(job)) {
            let Some((kind, id)) = target(job) else { continue };
            let Some(candidate) = there.get(&id) else { continue };
            if candidate.synchronized || candidate.anchor != job.anchor || candidate.anchor.is_none() {
                job.refuse(not_ours(candidate, &cloud_anchor(kind, id)));
                continue;
            }
            items.push(Item::write("DELETE", format!("{}/{id}", kind.set()), None));
            places.push(place);
        }
        let outcomes = self.batches.run(&mut self.client, &items, cancel)?;
        for (place, outcome) in places.into_iter().zip(outcomes) {
            let Some(job) = jobs.get_mut(place) else { continue };
            match outcome {
                Outcome::Answered(Answer { status: 404, .. }) => job.touched = true,
                other => job.settle(other),
            }
            self.deleted = None;
        }
        // What comes in the place of a deleted object is another one.
        jobs.iter_mut().filter(|job| job.change.operation == ExportOperation::DeleteAdd).for_each(|job| job.id = None);
        Ok(())
    }

    /// Finds objects that are to be made and are there: our own after a lost answer, ones to take over, deleted ones.
    fn place(
        &mut self,
        jobs: &mut [Job<'_>],
        domains: &Domains,
        creatable: &mut [bool],
        cancel: &CancelToken,
    ) -> Result<(), ConnectorError> {
        let (mut adopt, mut restore) = (Vec::new(), Vec::new());
        for kind in [Kind::User, Kind::Group] {
            let open: Vec<usize> = (0..)
                .zip(jobs.iter())
                .filter(|(_, job)| job.kind == kind && job.is_open() && job.creates() && job.id.is_none())
                .map(|(place, _)| place)
                .collect();
            let searches: Vec<Search> =
                open.iter().filter_map(|place| jobs.get(*place)).map(|job| search(job, domains)).collect();
            let found = self.look_up(kind, &searches, cancel)?;
            for (place, found) in open.into_iter().zip(found) {
                let (Some(job), Some(creatable)) = (jobs.get_mut(place), creatable.get_mut(place)) else { continue };
                match decide(job, found) {
                    Decision::Own(id) => job.id = Some(id),
                    Decision::Adopt(id) => adopt.push((place, id)),
                    Decision::Refuse(error) => job.refuse(error),
                    Decision::Make => match self.deleted_object(kind, job.anchor.as_deref().unwrap_or_default(), cancel)? {
                        Some(id) => restore.push((place, id)),
                        None => *creatable = true,
                    },
                }
            }
        }
        self.adopt(jobs, &adopt, cancel)?;
        let items: Vec<Item> =
            restore.iter().map(|(_, id)| Item::write("POST", format!("directory/deletedItems/{id}/restore"), None)).collect();
        let outcomes = self.batches.run(&mut self.client, &items, cancel)?;
        for ((place, id), outcome) in restore.into_iter().zip(outcomes) {
            let Some(job) = jobs.get_mut(place) else { continue };
            self.deleted = None;
            match outcome {
                // It was restored by a try whose answer was lost, or is gone for good: the next look tells.
                Outcome::Answered(Answer { status: 404, .. }) | Outcome::Lost(_) => {}
                other => {
                    job.settle(other);
                    job.id = job.is_open().then_some(id);
                }
            }
        }
        Ok(())
    }

    /// Takes over objects of the cloud: the anchor first, so that a second try finds them as ours.
    fn adopt(&mut self, jobs: &mut [Job<'_>], adopt: &[(usize, Uuid)], cancel: &CancelToken) -> Result<(), ConnectorError> {
        if adopt.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = adopt.iter().map(|(_, id)| *id).collect();
        let administrators = self.administrators(&ids, cancel)?;
        let (mut items, mut places) = (Vec::new(), Vec::new());
        for ((place, id), administrator) in adopt.iter().zip(administrators) {
            let Some(job) = jobs.get_mut(*place) else { continue };
            if administrator {
                let message = format!(
                    "{} of the tenant has the same name or address and may hold a role of an administrator, so it is not taken \
                     over; take its roles away, synchronize, and give them back",
                    cloud_anchor(job.kind, *id)
                );
                job.refuse(ObjectError::new(ErrorCode::from_directory("ExistingAdminRoleConflict"), message));
                continue;
            }
            items.push(Item::write("PATCH", format!("users/{id}"), Some(json!({ USER_ANCHOR: job.anchor }))));
            places.push((*place, *id));
        }
        let outcomes = self.batches.run(&mut self.client, &items, cancel)?;
        for ((place, id), outcome) in places.into_iter().zip(outcomes) {
            let Some(job) = jobs.get_mut(place) else { continue };
            job.settle(outcome);
            job.id = job.is_open().then_some(id);
        }
        Ok(())
    }

    /// Makes objects. One whose answer is lost stays open and is looked for.
    fn create(
        &mut self,
        jobs: &mut [Job<'_>],
        domains: &Domains,
        creatable: &[bool],
        cancel: &CancelToken,
    ) -> Result<(), ConnectorError> {
        let group_anchor = self.group_anchor(false, cancel)?;
        let (mut items, mut places) = (Vec::new(), Vec::new());
        for (place, job) in jobs.iter_mut().enumerate() {
            if !job.is_open() || job.id.is_some() || !job.creates() || creatable.get(place) != Some(&true) {
                continue;
            }
            let body = match job.kind {
                Kind::User => new_user(job, &self.schema, domains),
                _ => new_group(job, &self.schema, group_anchor.as_deref()),
            };
            items.push(Item::create(job.kind.set(), body));
            places.push(place);
        }
        let outcomes = self.batches.run(&mut self.client, &items, cancel)?;
        for (place, outcome) in places.into_iter().zip(outcomes) {
            let Some(job) = jobs.get_mut(place) else { continue };
            let id = match &outcome {
                Outcome::Answered(answer) => {
                    answer.body.get("id").and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok())
                }
                Outcome::Lost(_) => {
                    job.touched = true;
                    continue;
                }
                Outcome::Busy(_) => None,
            };
            job.settle(outcome);
            if job.is_open() {
                (job.id, job.new) = (id, true);
            }
        }
        Ok(())
    }

    /// Writes the attributes of objects that are there.
    fn update(&mut self, jobs: &mut [Job<'_>], domains: &Domains, cancel: &CancelToken) -> Result<(), ConnectorError> {
        let (mut items, mut places) = (Vec::new(), Vec::new());
        for (place, job) in jobs.iter_mut().enumerate() {
            if !job.is_open() || job.new || job.change.operation == ExportOperation::Delete {
                continue;
            }
            let Some(id) = job.id else {
                job.refuse(no_anchor());
                continue;
            };
            let mut body = match written(job, &self.schema) {
                Ok(body) => body,
                Err(error) => {
                    job.refuse(*error);
                    continue;
                }
            };
            match job.kind {
                Kind::User => complete_user(job, &mut body, domains),
                _ => complete_group(job, &mut body),
            }
            if !body.is_empty() {
                items.push(Item::write("PATCH", format!("{}/{id}", job.kind.set()), Some(Value::Object(body))));
                places.push(place);
            }
        }
        let outcomes = self.batches.run(&mut self.client, &items, cancel)?;
        for (place, outcome) in places.into_iter().zip(outcomes) {
            if let Some(job) = jobs.get_mut(place) {
                job.settle(outcome);
            }
        }
        for job in jobs.iter().filter(|job| job.is_open()) {
            if let (Some(anchor), Some(id)) = (&job.anchor, job.id) {
                self.known.insert(anchor.clone(), (job.kind, id));
            }
        }
        Ok(())
    }
}

/// Takes a change in, with what can be said of it without asking.
fn job(change: &ExportChange) -> Job<'_> {
    let kind = Kind::of_type(&change.object_type);
    let known = change.anchor.as_ref().and_then(of_cloud_anchor);
    let creates = matches!(change.operation, ExportOperation::Add | ExportOperation::DeleteAdd);
    let mut job = Job {
        change,
        kind: kind.unwrap_or(Kind::User),
        anchor: source_anchor(change),
        id: known.filter(|_| !creates).map(|(_, id)| id),
        new: false,
        touched: false,
        unresolved: BTreeSet::new(),
        warnings: Vec::new(),
        end: None,
    };
    match kind.map(|kind| (kind, kind.unwritable())) {
        None => job.refuse(cannot_store("Microsoft Graph has no public folders")),
        Some((_, Some(reason))) => job.refuse(cannot_store(reason)),
        Some((Kind::Group, None)) if creates && job.flag("securityEnabled") == Some(false) => {
            job.refuse(cannot_store("Microsoft Graph makes no groups that are only for mail; they belong to the mail service"));
        }
        Some((_, None)) if creates && job.anchor.is_none() => job.refuse(no_anchor()),
        Some((_, None)) => {}
    }
    if let ExportOperation::Update { new_dn: Some(name) } = &change.operation {
        let message =
            format!("the tenant cannot give the object the name {name}: its name is its source anchor, which never changes");
        job.refuse(ObjectError::new(ErrorCode::from_directory("modify-naming-attribute"), message));
    }
    job
}

fn cannot_store(reason: &str) -> ObjectError {
    ObjectError::new(ErrorCode::from_directory(TARGET_CANNOT_STORE), reason)
}

fn no_anchor() -> ObjectError {
    ObjectError::new(
        ErrorCode::MISSING_ANCHOR,
        "the object has no anchor to be found by in the tenant; run a full import and a full synchronization",
    )
    .attribute(SOURCE_ANCHOR)
}

fn not_ours(candidate: &Candidate, name: &str) -> ObjectError {
    let why = match (&candidate.anchor, candidate.synchronized) {
        (_, true) => "Microsoft's own tool synchronizes it".to_owned(),
        (Some(anchor), false) => format!("it has the source anchor \"{anchor}\" of another object"),
        (None, false) => "it has no source anchor, so it was not made by this server".to_owned(),
    };
    let message = format!("{name} is not deleted: {why}; delete it in the tenant, or run a full import");
    ObjectError::new(ErrorCode::from_directory("Deletion access violation"), message)
}

/// The source anchor: as it is known, as it is written, or out of the name.
fn source_anchor(change: &ExportChange) -> Option<String> {
    let named = |name: &&String| name.eq_ignore_ascii_case(SOURCE_ANCHOR);
    let known = change.identity.iter().find(|(name, _)| named(name)).and_then(|(_, values)| match values.first()? {
        EntryValue::Text(text) => Some(text.clone()),
        _ => None,
    });
    let written = || {
        let (_, change) = change.attributes.iter().find(|(name, _)| named(name))?;
        match values_of(change).first()? {
            ExportValue::Plain(EntryValue::Text(text)) => Some(text.clone()),
            ExportValue::Plain(_) | ExportValue::Reference(_) => None,
        }
    };
    let in_name = || {
        let cloud = change.anchor.as_ref().and_then(|anchor| std::str::from_utf8(&anchor.0).ok());
        anchor_of_dn(&change.dn).filter(|anchor| Some(anchor.as_str()) != cloud)
    };
    known.or_else(written).or_else(in_name).filter(|anchor| !anchor.is_empty())
}

fn search(job: &Job<'_>, domains: &Domains) -> Search {
    let name = (job.kind == Kind::User).then(|| sign_in_name(job, domains).map(|(name, _)| name)).flatten();
    Search { anchor: job.anchor.clone().unwrap_or_default(), user_principal_name: name, address: job.address() }
}

/// What becomes of an object that is to be made.
enum Decision {
    Own(Uuid),
    Adopt(Uuid),
    Refuse(ObjectError),
    Make,
}

fn decide(job: &Job<'_>, found: Found) -> Decision {
    let name = |candidate: &Candidate| cloud_anchor(job.kind, candidate.id);
    let soft = |message: String| Decision::Refuse(ObjectError::new(ErrorCode::from_directory("InvalidSoftMatch"), message));
    if let Some(own) = found.own {
        if own.synchronized {
            let message =
                format!("{} has the source anchor, and Microsoft's own tool synchronizes it; it is left alone", name(&own));
            return Decision::Refuse(ObjectError::new(ErrorCode::from_directory("InvalidHardMatch"), message));
        }
        return Decision::Own(own.id);
    }
    match found.namesakes.as_slice() {
        [] => Decision::Make,
        [one] if one.synchronized => soft(format!(
            "{} has the same name or address, and Microsoft's own tool synchronizes it; it is left alone",
            name(one)
        )),
        [one] => match &one.anchor {
            None => Decision::Adopt(one.id),
            Some(anchor) => soft(format!(
                "{} has the same name or address and another source anchor, \"{anchor}\"; remove the value from the wrong object",
                name(one)
            )),
        },
        several => {
            let names: Vec<String> = several.iter().map(name).collect();
            soft(format!(
                "several objects of the tenant have the same name or address: {}; remove it from all but one",
                names.join(", ")
            ))
        }
    }
}

/// Every property that the change writes, without references and anchors.
fn written(job: &Job<'_>, schema: &Schema) -> Result<Map<String, Value>, Box<ObjectError>> {
    let mut body = Map::new();
    for (name, change) in &job.change.attributes {
        let definition = schema.attribute(name);
        if mapping(job.kind, name).is_some_and(|mapping| mapping.form == Form::Relation)
            || !schema.is_writable(&job.change.object_type, name)
        {
            continue;
        }
        let values = match change {
            ExportAttributeChange::Replace(values) => values.as_slice(),
            ExportAttributeChange::Delete => &[],
            ExportAttributeChange::Values { .. } => {
                let whole = job.change.whole.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                whole.map(|(_, values)| values.as_slice()).ok_or_else(|| {
                    let message = format!(
                        "attribute \"{name}\" can only be sent whole, but not all of its values are known; run a full synchronization"
                    );
                    Box::new(ObjectError::new(ErrorCode::UNEXPECTED_ERROR, message).attribute(name))
                })?
            }
        };
        write_value(&mut body, job.kind, name, definition.is_some_and(|definition| definition.multi_valued), values);
    }
    Ok(body)
}

/// The name that a user signs in with, and whether another stands in its place because its domain is not verified.
fn sign_in_name(job: &Job<'_>, domains: &Domains) -> Option<(String, bool)> {
    let wanted = job.text("userPrincipalName")?;
    let (local, domain) = wanted.rsplit_once('@').unwrap_or((wanted, ""));
    if domains.verified.iter().any(|verified| verified.eq_ignore_ascii_case(domain)) {
        return Some((wanted.to_owned(), false));
    }
    let local = job.text("alias").unwrap_or(local);
    Some((format!("{local}@{}", domains.initial), true))
}

/// Puts in place of a sign-in name what the tenant can take, and says so.
fn complete_user(job: &mut Job<'_>, body: &mut Map<String, Value>, domains: &Domains) {
    // Users always have a nickname.
    if body.get("mailNickname").is_some_and(Value::is_null) {
        body.remove("mailNickname");
    }
    let Some((name, true)) = sign_in_name(job, domains) else { return };
    let wanted = job.text("userPrincipalName").unwrap_or_default().to_owned();
    let message = format!(
        "the domain of \"{wanted}\" is not verified in the tenant; the user signs in as \"{name}\" until it is: verify the domain, \
         then run a full synchronization"
    );
    let warning = ObjectError::new(ErrorCode::from_directory("UnverifiedDomain"), message).attribute("userPrincipalName");
    job.warnings.push(warning.value(&wanted).at(AlgorithmStep::Export));
    body.insert("userPrincipalName".to_owned(), json!(name));
}

fn complete_group(job: &Job<'_>, body: &mut Map<String, Value>) {
    if body.get("mailNickname").is_some_and(Value::is_null) {
        body.insert("mailNickname".to_owned(), json!(nickname_of(job.anchor.as_deref().unwrap_or_default())));
    }
    // What a group is for is decided when it is made.
    body.remove("securityEnabled");
}

/// The nickname of a group that has none of its own.
fn nickname_of(anchor: &str) -> String {
    let digest = hex::encode(Sha256::digest(anchor));
    format!("sync-{digest}").chars().take(25).collect()
}

fn without_nulls(body: Map<String, Value>) -> Map<String, Value> {
    body.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

fn new_user(job: &mut Job<'_>, schema: &Schema, domains: &Domains) -> Value {
    let mut body = without_nulls(written(job, schema).unwrap_or_default());
    complete_user(job, &mut body, domains);
    let local = body
        .get("userPrincipalName")
        .and_then(Value::as_str)
        .and_then(|name| name.rsplit_once('@'))
        .map(|(local, _)| local.to_owned());
    let address = job.address().or_else(|| job.text("mail").map(str::to_owned));
    let nickname = address.and_then(|address| address.split_once('@').map(|(local, _)| local.to_owned())).or(local.clone());
    let name = local.unwrap_or_default();
    body.entry("mailNickname").or_insert_with(|| json!(nickname));
    body.entry("displayName").or_insert_with(|| json!(name));
    body.entry("accountEnabled").or_insert_with(|| json!(true));
    body.insert(USER_ANCHOR.to_owned(), json!(job.anchor));
    body.insert("passwordProfile".to_owned(), json!({ "password": password(), "forceChangePasswordNextSignIn": true }));
    Value::Object(body)
}

fn new_group(job: &Job<'_>, schema: &Schema, group_anchor: Option<&str>) -> Value {
    let mut body = without_nulls(written(job, schema).unwrap_or_default());
    let anchor = job.anchor.as_deref().unwrap_or_default();
    let own = nickname_of(anchor);
    let sound = |text: &str| {
        text.len() <= NICKNAME
            && text.chars().all(|character| character.is_ascii_graphic() && !"@()\\[]\";:.<>,".contains(character))
    };
    if !body.get("mailNickname").and_then(Value::as_str).is_some_and(sound) {
        body.insert("mailNickname".to_owned(), json!(own));
    }
    body.entry("displayName").or_insert_with(|| json!(own));
    body.insert("mailEnabled".to_owned(), json!(false));
    body.insert("securityEnabled".to_owned(), json!(true));
    body.insert("groupTypes".to_owned(), json!([]));
    if let Some(property) = group_anchor {
        body.insert(property.to_owned(), json!(anchor));
    }
    Value::Object(body)
}

/// A password that nobody learns: characters of all classes by chance.
fn password() -> String {
    const CLASSES: [&[u8]; 4] = [b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"abcdefghijkmnopqrstuvwxyz", b"23456789", b"!#$%*+-=?@^_"];
    let mut random = rand::rng();
    let mut letters: Vec<u8> = (0..PASSWORD)
        .filter_map(|place| {
            let class = CLASSES.get(place % CLASSES.len())?;
            class.get(random.random_range(0..class.len())).copied()
        })
        .collect();
    letters.shuffle(&mut random);
    letters.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_mixed() {
        let (one, other) = (password(), password());
        assert_eq!((one.len(), other.len()), (PASSWORD, PASSWORD));
        assert_ne!(one, other);
        for class in [char::is_uppercase as fn(char) -> bool, char::is_lowercase, char::is_numeric] {
            assert_eq!(one.chars().filter(|character| class(*character)).count(), 8);
        }
    }

    #[test]
    fn nicknames_made_up_are_the_same_each_time() {
        assert_eq!(nickname_of("ab"), nickname_of("ab"));
        assert_ne!(nickname_of("ab"), nickname_of("ac"));
        assert_eq!(nickname_of("ab").len(), 25);
    }
}
