//! Why an object of a connector space is not where it is expected (`ui.md` BEYOND-11).

use jiff::Timestamp;
use rusqlite::Connection;

use super::super::connector_space::{error_view, key_of, state};
use super::super::{QueryContext, connectors, metaverse, runs};
use super::{Explainer, remains_text, scope_view, silence_text};
use crate::connector::ContainerFilter;
use crate::model::{ConnectorId, CsId, Dn, ObjectOperation, RunId};
use crate::rules::ScopeSource;
use crate::service::{EngineError, Finding, FindingState, RuleScopeView, RunFilter, RunSummary, TargetView, WhyNotView};
use crate::store::configuration::{ConnectorRecord, PartitionRecord, partitions};
use crate::store::connector_space::{self, CsObject};
use crate::store::metaverse::{MvObject, load_one};
use crate::store::runs as history;
use crate::store::search::connector_space::{self as search, CsCriterion, NameRange};
use crate::sync::explain::{self, type_of};

/// Runs among which the last import is looked for.
const RUNS_LOOKED_AT: u64 = 50;
/// Most objects of a similar name that are listed.
const MOST_SIMILAR: usize = 5;

/// Looks for what is in the way of an object.
///
/// # Errors
/// [`EngineError::UnknownConnector`], or [`EngineError::Invalid`] when the text is no distinguished name.
pub fn view(
    connection: &Connection,
    context: &QueryContext,
    now: Timestamp,
    connector: &str,
    dn: &str,
) -> Result<WhyNotView, EngineError> {
    let record = connectors::find(context, connector)?;
    let dn = key_of(dn)?;
    let found = connector_space::ids_by_dn_key(connection, record.id, [dn.key()])?.remove(dn.key());
    let mut answer = WhyNotView {
        connector: record.name.clone(),
        dn: dn.as_str().to_owned(),
        verdict: String::new(),
        blocked: true,
        guid: None,
        object_type: None,
        findings: Vec::new(),
        scope: Vec::new(),
        joins: Vec::new(),
        metaverse: None,
        targets: Vec::new(),
        sync_error: None,
        export_error: None,
        similar: Vec::new(),
    };
    let explainer = Explainer::new(connection, context, now)?;
    let object = match found {
        Some(id) => explainer.source(id)?,
        None => None,
    };
    let Some(object) = object.filter(|object| !object.is_placeholder()) else {
        absent(connection, record, &dn, found.is_some(), &mut answer)?;
        return Ok(answer);
    };
    answer.dn.clone_from(&object.dn);
    answer.guid = Some(object.guid);
    answer.object_type = type_of(&object).map(str::to_owned);
    Search { connection, context, explainer, record, answer }.present(&object)
}

/// What the container filters and partitions say of a name that is not there.
fn absent(
    connection: &Connection,
    record: &ConnectorRecord,
    dn: &Dn,
    is_name: bool,
    answer: &mut WhyNotView,
) -> Result<(), EngineError> {
    let what = if is_name {
        "known only as a name, a parent or the target of a reference; no import has brought an object of it"
    } else {
        "there is no object of this name"
    };
    answer.finding("Connector space", FindingState::Bad, what);
    let all = partitions(connection, record.id)?;
    let partition = partition_of(&all, dn);
    answer.verdict = match partition {
        None => {
            let known: Vec<&str> = all.iter().map(|partition| partition.name.as_str()).collect();
            answer.finding(
                "Partition",
                FindingState::Bad,
                format!("no partition holds it; the partitions: {}", known.join(", ")),
            );
            format!("\"{}\" has no partition that this name lies in.", record.name)
        }
        Some(partition) if !partition.selected => {
            answer.finding("Partition", FindingState::Bad, format!("partition {} is not selected", partition.name));
            format!("Partition {} of \"{}\" is not selected, so nothing of it is imported.", partition.name, record.name)
        }
        Some(partition) => {
            answer.finding("Partition", FindingState::Good, format!("in partition {}, which is selected", partition.name));
            match container(partition, dn) {
                Some(sentence) => {
                    answer.finding("Containers", FindingState::Bad, sentence.clone());
                    format!("The container filter leaves it out: {sentence}.")
                }
                None => {
                    answer.finding("Containers", FindingState::Good, "no container filter leaves it out");
                    let types = record.object_types.join(", ");
                    if !types.is_empty() {
                        answer.finding("Object types", FindingState::Note, format!("imported are {types}"));
                    }
                    "No import has brought it: it does not exist in the directory under this name, or its type is not selected, or it came after the last import.".to_owned()
                }
            }
        }
    };
    let (state, text) = match last_import(connection, record.id)? {
        None => (FindingState::Bad, "no import is in the run history; run a full import".to_owned()),
        Some(run) => (FindingState::Note, format!("{} (run {}) of {} ended {}", run.profile, run.id, run.started, run.status)),
    };
    answer.finding("Last import", state, text);
    // An object that was moved has the same relative name elsewhere.
    let key = dn.key();
    let rdn = Dn::parse(dn.rdn_text()).map(|rdn| rdn.key().to_owned()).unwrap_or_default();
    if !rdn.is_empty() {
        let ranges = vec![NameRange::exactly(&rdn), NameRange::starting_with(&format!("{rdn},"))];
        let ids = search::ids(connection, record.id, &CsCriterion::Named(ranges), "")?;
        let names = search::names(connection, ids.into_iter().take(MOST_SIMILAR + 1))?;
        let other = names.into_values().map(|name| name.dn).filter(|name| Dn::parse(name).is_ok_and(|name| name.key() != key));
        answer.similar = other.take(MOST_SIMILAR).collect();
        answer.similar.sort();
    }
    Ok(())
}

/// The newest run of a connector that imported, among the last ones.
fn last_import(connection: &Connection, connector: ConnectorId) -> Result<Option<RunSummary>, EngineError> {
    let filter = RunFilter { connector: Some(connector), limit: RUNS_LOOKED_AT, ..RunFilter::default() };
    let runs = runs::list(connection, &filter)?.rows;
    let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
    let steps = history::steps(connection, &ids)?;
    let imported = |run: &RunSummary| steps.iter().any(|step| step.run == run.id && step.step_type.contains("Import"));
    Ok(runs.into_iter().find(imported))
}

/// The partition that a name lies in: the one with the longest name; the only one of a directory without names.
fn partition_of<'a>(partitions: &'a [PartitionRecord], dn: &Dn) -> Option<&'a PartitionRecord> {
    let under = |partition: &&PartitionRecord| Dn::parse(&partition.name).is_ok_and(|base| dn.is_under(&base));
    let depth = |partition: &&PartitionRecord| Dn::parse(&partition.name).map_or(0, |base| base.depth());
    let nameless = || partitions.iter().find(|partition| Dn::parse(&partition.name).is_err());
    partitions.iter().filter(under).max_by_key(depth).or_else(nameless)
}

/// How the container filter of a partition leaves a name out; none when it does not.
fn container(partition: &PartitionRecord, dn: &Dn) -> Option<String> {
    let parse = |names: &[String]| -> Vec<Dn> { names.iter().filter_map(|name| Dn::parse(name).ok()).collect() };
    let (include, exclude) = (parse(&partition.include), parse(&partition.exclude));
    if ContainerFilter::new(&include, &exclude).selects(dn) {
        return None;
    }
    let nearest = exclude.iter().filter(|container| dn.is_under(container)).max_by_key(|container| container.depth());
    Some(match nearest {
        Some(container) => format!("container {} is excluded", container.as_str()),
        None => {
            let included: Vec<&str> = include.iter().map(Dn::as_str).collect();
            format!("it lies in none of the included containers ({})", included.join("; "))
        }
    })
}

impl WhyNotView {
    fn finding(&mut self, step: &str, state: FindingState, text: impl Into<String>) {
        self.findings.push(Finding { step: step.to_owned(), state, text: text.into() });
    }
}

struct Search<'a> {
    connection: &'a Connection,
    context: &'a QueryContext,
    explainer: Explainer<'a>,
    record: &'a ConnectorRecord,
    answer: WhyNotView,
}

impl Search<'_> {
    fn present(mut self, object: &std::sync::Arc<CsObject>) -> Result<WhyNotView, EngineError> {
        self.answer.finding("Connector space", FindingState::Good, format!("there, as {}", state(object)));
        if object.transient {
            self.answer.finding(
                "Name",
                FindingState::Bad,
                "another object has taken its name; a full import settles which of them is gone",
            );
        }
        if object.pending_import.operation != ObjectOperation::None {
            let text = format!(
                "an import has {} pending, which no synchronization has taken up",
                object.pending_import.operation.word()
            );
            self.answer.finding("Pending import", FindingState::Note, text);
        }
        self.answer.scope = self.explainer.inbound_scope(object);
        let (joins, join_error) = self.explainer.joins(object)?;
        self.answer.joins = joins;
        self.scope(object);
        self.answer.sync_error = object.import_error.as_ref().map(|error| error_view(self.context, object, error));
        self.answer.export_error = object.export_error.as_ref().map(|error| error_view(self.context, object, error));
        let link = self.link(object, join_error.as_ref().map(|error| error.message.as_str()))?;
        let targets = match object.mv {
            Some(mv) => self.targets(object, load_one(self.connection, mv)?)?,
            None => None,
        };
        let mut blocked: Option<String> = None;
        if let Some(error) = &self.answer.sync_error {
            let text = format!("{}: {}", error.error.code, error.error.message);
            self.answer.findings.push(bad("Synchronization error", text.clone()));
            blocked = Some(format!("Its synchronization fails: {text}."));
        }
        blocked = blocked.or(link).or(targets);
        if let Some(error) = &self.answer.export_error {
            let text = format!("{}: {}", error.error.code, error.error.message);
            self.answer.findings.push(bad("Export error", text.clone()));
            blocked = blocked.or_else(|| Some(format!("Its export fails: {text}.")));
        }
        self.answer.blocked = blocked.is_some();
        self.answer.verdict = blocked.unwrap_or_else(|| {
            let name = self.answer.metaverse.as_ref().map_or("", |hit| hit.display_name.as_str());
            format!("Nothing is in its way: it is joined to {name} and present in every target that rules provision to.")
        });
        Ok(self.answer)
    }

    fn scope(&mut self, object: &CsObject) {
        let (rules, silent) = (&self.answer.scope, explain::silence(object));
        let inside = rules.iter().filter(|rule| rule.in_scope).count();
        let linking = rules.iter().filter(|rule| rule.in_scope && rule.linking).count();
        let object_type = type_of(object).unwrap_or_default();
        let (state, text) = match silent {
            Some(silence) => (FindingState::Note, format!("no inbound rule applies: {}", silence_text(silence))),
            None if rules.is_empty() => {
                (FindingState::Bad, format!("no inbound rule of \"{}\" is for objects of type {object_type}", self.record.name))
            }
            None if linking == 0 => {
                let all = rules.iter().filter(|rule| rule.linking).count();
                (
                    FindingState::Bad,
                    format!(
                        "in scope of {inside} of {} rules, but of none of the {all} that can make or find a metaverse object",
                        rules.len()
                    ),
                )
            }
            None => (
                FindingState::Good,
                format!("in scope of {inside} of {} rules; {linking} of them can make or find a metaverse object", rules.len()),
            ),
        };
        self.answer.finding("Scope", state, text);
    }

    /// Says how the object is linked; the verdict when it is not.
    fn link(&mut self, object: &CsObject, join_error: Option<&str>) -> Result<Option<String>, EngineError> {
        let hit = match object.mv {
            Some(mv) => metaverse::hits(self.connection, self.context, &[mv])?.pop(),
            None => None,
        };
        if let Some(hit) = hit {
            self.answer.finding("Link", FindingState::Good, format!("joined to {} ({})", hit.display_name, hit.object_type));
            self.answer.metaverse = Some(hit);
            return Ok(None);
        }
        let mut text = match join_error {
            Some(error) => format!("cannot be joined: {error}"),
            None => remains_text(object, &self.answer.scope, &self.answer.joins),
        };
        let would_link = join_error.is_none() && !stays_unjoined(object, &self.answer.scope, &self.answer.joins);
        if would_link {
            text = "not synchronized yet; the next synchronization gives it a metaverse object".to_owned();
        }
        if let Some(time) = object.disconnected {
            self.answer.finding("Disconnected", FindingState::Note, format!("it lost its metaverse object at {time:.0}"));
        }
        self.answer.finding("Link", if would_link { FindingState::Note } else { FindingState::Bad }, text.clone());
        Ok(Some(format!("It has no metaverse object: {text}.")))
    }

    /// Looks at every connector that rules provision the identity to; the verdict when it is missing in one.
    fn targets(&mut self, object: &CsObject, identity: Option<MvObject>) -> Result<Option<String>, EngineError> {
        let Some(identity) = identity else { return Ok(None) };
        let links = connector_space::links(self.connection, &[identity.id])?.remove(&identity.id).unwrap_or_default();
        let groups =
            explain::groups(self.connection, &self.explainer.plan, &[identity.id])?.remove(&identity.id).unwrap_or_default();
        let mut missing = None;
        let plan_connectors: Vec<ConnectorId> = self.explainer.plan.connectors.keys().copied().collect();
        for connector in plan_connectors.into_iter().filter(|connector| *connector != object.connector) {
            let source = ScopeSource { image: &identity.image, groups: &groups };
            let judged = explain::outbound_rules(&self.explainer.plan, connector, &identity.object_type, source);
            let scope: Vec<RuleScopeView> = judged.iter().map(scope_view).collect();
            if !scope.iter().any(|rule| rule.link_type == "Provision") {
                continue;
            }
            let ids: Vec<CsId> = links.iter().filter(|(of, _)| *of == connector).map(|(_, id)| *id).collect();
            let rows = search::rows(self.connection, &ids)?;
            let name = self.context.connector_name(connector);
            let provisions = scope.iter().any(|rule| rule.in_scope && rule.link_type == "Provision");
            let first = scope.iter().find(|rule| rule.link_type == "Provision");
            let (present, text) = match (rows.first(), provisions) {
                (Some(row), _) if row.export == ObjectOperation::None => (true, format!("present as {}", row.dn)),
                (Some(row), _) => (true, format!("present as {}; an export ({}) is waiting", row.dn, row.export.word())),
                (None, true) => {
                    (false, "not there, although a rule would provision it; the next synchronization tries".to_owned())
                }
                (None, false) => match first {
                    Some(rule) => (false, format!("not provisioned: out of scope of rule \"{}\": {}", rule.rule, rule.failing)),
                    None => continue,
                },
            };
            self.answer.finding(&name, if present { FindingState::Good } else { FindingState::Bad }, text.clone());
            if !present && missing.is_none() {
                let identity = self.answer.metaverse.as_ref().map_or("", |hit| hit.display_name.as_str());
                missing = Some(format!("It is joined to {identity}, but not in \"{name}\": {text}."));
            }
            self.answer.targets.push(TargetView {
                connector: name,
                objects: rows.into_iter().map(|row| row.dn).collect(),
                text,
                present,
                scope,
            });
        }
        Ok(missing)
    }
}

fn bad(step: &str, text: String) -> Finding {
    Finding { step: step.to_owned(), state: FindingState::Bad, text }
}

/// True when an object that is not joined would not be joined by the next synchronization either.
fn stays_unjoined(object: &CsObject, scope: &[RuleScopeView], joins: &[crate::service::JoinGroupView]) -> bool {
    use crate::service::JoinStatus;
    if explain::silence(object).is_some() || object.is_being_deleted() {
        return true;
    }
    let linking: Vec<&RuleScopeView> = scope.iter().filter(|rule| rule.linking && rule.in_scope).collect();
    let matched = joins.iter().any(|group| group.status == JoinStatus::Matched);
    let recognizable =
        joins.is_empty() || joins.iter().flat_map(|group| &group.conditions).any(|condition| condition.searched != "absent");
    let projects = recognizable && linking.iter().any(|rule| rule.link_type == "Provision");
    !matched && !projects
}
