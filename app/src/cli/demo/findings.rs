//! Where the deliberate errors of the sample forest were reported: read from the run history and the
//! connector spaces, never assumed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use syncline_engine::model::{ConnectorId, RunId};
use syncline_engine::service::{
    CsObjectView, CsScope, CsSearch, Engine, ObjectErrorView, RunDetails, RunFilter, RunSummary, StepDetails,
};
use uuid::Uuid;

use super::super::cs::present;
use super::super::exit::Failure;
use super::super::table::Pairs;
use super::PAGE;

/// Runs looked at, newest first.
const RUNS: u64 = 200;
/// Objects looked at for whoever refers to a missing manager.
const OBJECTS: u64 = 5_000;

/// The three mistakes in the sample forest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Mistake {
    /// Two users have the same proxy address.
    DuplicateProxyAddress,
    /// A user principal name with two `@`.
    InvalidUserPrincipalName,
    /// A manager who does not exist.
    DanglingManager,
}

impl Mistake {
    const ALL: [Self; 3] = [Self::DuplicateProxyAddress, Self::InvalidUserPrincipalName, Self::DanglingManager];

    fn title(self) -> &'static str {
        match self {
            Self::DuplicateProxyAddress => "Duplicate proxy address",
            Self::InvalidUserPrincipalName => "Invalid user principal name",
            Self::DanglingManager => "Dangling manager",
        }
    }

    /// The mistake behind a report, by the attribute that it is about.
    fn behind(code: &str, attribute: Option<&str>, message: &str) -> Option<Self> {
        let about = |name: &str| match attribute {
            Some(attribute) => attribute.eq_ignore_ascii_case(name),
            None => message.to_ascii_lowercase().contains(&name.to_ascii_lowercase()),
        };
        if about("proxyAddresses") {
            Some(Self::DuplicateProxyAddress)
        } else if about("userPrincipalName") || code == "IdentityDataValidationFailed" {
            Some(Self::InvalidUserPrincipalName)
        } else if about("manager") {
            Some(Self::DanglingManager)
        } else {
            None
        }
    }
}

/// What was reported about objects.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    /// The deliberate errors, each with its reports.
    pub deliberate_errors: Vec<Deliberate>,
    /// Everything else that was reported.
    pub other_errors: Vec<Finding>,
}

/// A deliberate error.
#[derive(Debug, Serialize)]
pub struct Deliberate {
    /// The mistake.
    pub mistake: Mistake,
    /// Where it was reported, newest first.
    pub reports: Vec<Finding>,
}

/// A report about an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Run, when a run reported it.
    pub run: Option<RunId>,
    /// Connector name.
    pub connector: String,
    /// Run profile.
    pub profile: String,
    /// Step number.
    pub step: u32,
    /// Step type as shown.
    pub step_type: String,
    /// Error code; `warning` and `placeholder` for what is no error.
    pub code: String,
    /// DN of the object; empty when the report does not tell.
    pub dn: String,
    /// Display name of its metaverse object, when there is one.
    pub display_name: String,
    /// The sentence.
    pub message: String,
}

/// Reads what was reported.
///
/// # Errors
/// [`Failure`] when the engine cannot be asked.
pub fn read(engine: &Engine) -> Result<Findings, Failure> {
    let mut runs = Vec::new();
    for run in engine.runs(&RunFilter { limit: RUNS, ..RunFilter::default() })?.rows {
        runs.push(engine.run(run.id)?);
    }
    let mut sorted = Sorted::default();
    for run in &runs {
        for step in &run.step_details {
            for error in &step.errors {
                let mistake =
                    Mistake::behind(error.error.code.as_str(), error.error.detail.attribute.as_deref(), &error.error.message);
                sorted.add(mistake, of_error(&run.summary, step, error, display_name(engine, error.object_guid)));
            }
            for warning in &step.warnings {
                sorted.add(Mistake::behind("warning", None, warning), of_warning(&run.summary, step, warning));
            }
        }
    }
    for finding in dangling_managers(engine, &runs)? {
        sorted.add(Some(Mistake::DanglingManager), finding);
    }
    Ok(sorted.findings())
}

/// Reports by mistake, each said once.
#[derive(Default)]
struct Sorted {
    deliberate: BTreeMap<Mistake, Vec<Finding>>,
    others: Vec<Finding>,
    seen: BTreeSet<(String, String, String)>,
}

impl Sorted {
    /// Keeps a report unless a newer run reported the same.
    fn add(&mut self, mistake: Option<Mistake>, finding: Finding) {
        let same = if finding.dn.is_empty() { finding.message.clone() } else { finding.dn.clone() };
        if !self.seen.insert((finding.connector.clone(), finding.code.clone(), same)) {
            return;
        }
        match mistake {
            Some(mistake) => self.deliberate.entry(mistake).or_default().push(finding),
            None => self.others.push(finding),
        }
    }

    fn findings(mut self) -> Findings {
        let deliberate =
            Mistake::ALL.map(|mistake| Deliberate { mistake, reports: self.deliberate.remove(&mistake).unwrap_or_default() });
        Findings { deliberate_errors: deliberate.into(), other_errors: self.others }
    }
}

fn of_error(run: &RunSummary, step: &StepDetails, error: &ObjectErrorView, display_name: String) -> Finding {
    let code = error.error.code.to_string();
    Finding { dn: error.dn.clone(), display_name, message: error.error.message.clone(), ..place(run, step, code) }
}

fn of_warning(run: &RunSummary, step: &StepDetails, warning: &str) -> Finding {
    Finding { message: warning.to_string(), ..place(run, step, "warning".into()) }
}

/// A report of a step, without its object.
fn place(run: &RunSummary, step: &StepDetails, code: String) -> Finding {
    Finding {
        run: Some(run.id),
        connector: run.connector.clone(),
        profile: run.profile.clone(),
        step: step.number,
        step_type: step.step_type.clone(),
        code,
        dn: String::new(),
        display_name: String::new(),
        message: String::new(),
    }
}

/// The name that people know an object by; nothing when it is gone.
fn display_name(engine: &Engine, guid: Option<Uuid>) -> String {
    let object = guid.and_then(|guid| engine.cs_object(guid).ok());
    object.and_then(|object| object.metaverse).map(|hit| hit.display_name).unwrap_or_default()
}

/// Objects whose manager was never imported: the connector space holds a placeholder for the manager.
fn dangling_managers(engine: &Engine, runs: &[RunDetails]) -> Result<Vec<Finding>, Failure> {
    let mut found = Vec::new();
    for connector in engine.connectors()?.iter().filter(|connector| connector.kind.is_forest()) {
        let placeholders: BTreeMap<Uuid, String> = objects(engine, connector.id, &CsScope::Placeholder)?.into_iter().collect();
        if placeholders.is_empty() {
            continue;
        }
        let import = import_step(runs, connector.id);
        for (guid, _) in objects(engine, connector.id, &CsScope::Connector)? {
            let object = engine.cs_object(guid)?;
            let Some(manager) = missing_manager(&object, &placeholders) else { continue };
            let place = import.map_or_else(|| nowhere(&connector.name), |(run, step)| place(run, step, "placeholder".into()));
            let message = format!(
                "manager {manager} was never imported: the connector space holds a placeholder, the tenant gets no manager"
            );
            let display_name = object.metaverse.map(|hit| hit.display_name).unwrap_or_default();
            found.push(Finding { dn: object.dn, display_name, message, ..place });
        }
    }
    Ok(found)
}

/// GUIDs and DNs of the objects of a scope, in DN order.
fn objects(engine: &Engine, connector: ConnectorId, scope: &CsScope) -> Result<Vec<(Uuid, String)>, Failure> {
    let mut all = Vec::new();
    loop {
        let offset = all.len() as u64;
        let search = CsSearch { connector, scope: scope.clone(), text: String::new(), offset, limit: PAGE };
        let page = engine.search_connector_space(&search)?;
        let end = page.rows.is_empty();
        all.extend(page.rows.into_iter().map(|hit| (hit.guid, hit.dn)));
        if end || all.len() as u64 >= page.total.min(OBJECTS) {
            return Ok(all);
        }
    }
}

/// The DN of the object's manager, when that is a placeholder.
fn missing_manager(object: &CsObjectView, placeholders: &BTreeMap<Uuid, String>) -> Option<String> {
    let manager = object.import.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case("manager"))?;
    let values = present(manager);
    values.iter().find_map(|value| placeholders.get(&value.cs_target?).cloned())
}

/// The newest full import of a connector, else its newest import.
fn import_step(runs: &[RunDetails], connector: ConnectorId) -> Option<(&RunSummary, &StepDetails)> {
    let steps = || {
        let own = runs.iter().filter(|run| run.summary.connector_id == connector);
        own.flat_map(|run| run.step_details.iter().map(move |step| (&run.summary, step)))
    };
    steps()
        .find(|(_, step)| step.step_type.starts_with("Full Import"))
        .or_else(|| steps().find(|(_, step)| step.step_type.contains("Import")))
}

/// A report that no run of the history made.
fn nowhere(connector: &str) -> Finding {
    Finding {
        run: None,
        connector: connector.to_string(),
        profile: String::new(),
        step: 0,
        step_type: String::new(),
        code: "placeholder".into(),
        dn: String::new(),
        display_name: String::new(),
        message: String::new(),
    }
}

impl Findings {
    /// The reports for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from("Deliberate errors of the sample forest\n");
        for (number, error) in self.deliberate_errors.iter().enumerate() {
            text.push_str(&format!("{}. {}\n", number + 1, error.mistake.title()));
            if error.reports.is_empty() {
                text.push_str("   not reported\n");
            }
            error.reports.iter().for_each(|report| report.write(&mut text));
        }
        if !self.other_errors.is_empty() {
            text.push_str("\nAlso reported\n");
            self.other_errors.iter().for_each(|report| report.write(&mut text));
        }
        text
    }
}

impl Finding {
    fn write(&self, text: &mut String) {
        let place = match self.run {
            Some(run) => format!("run {run}, {}, {}, step {} ({})", self.connector, self.profile, self.step, self.step_type),
            None => self.connector.clone(),
        };
        let object = if self.display_name.is_empty() { self.dn.clone() } else { format!("{}, {}", self.display_name, self.dn) };
        let pairs = Pairs::default()
            .add("   Reported", place)
            .add("   Code", &self.code)
            .add_some("   Object", Some(object).filter(|object| !object.is_empty()))
            .add("   Message", &self.message);
        text.push_str(&pairs.render());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(run: i64, code: &str, dn: &str) -> Finding {
        Finding { run: Some(RunId(run)), code: code.into(), dn: dn.into(), message: "no".into(), ..nowhere("AAD") }
    }

    #[test]
    fn reports_are_told_apart_by_their_attribute() {
        let check = |code: &str, attribute: Option<&str>, message: &str, expected: Option<Mistake>| {
            assert_eq!(Mistake::behind(code, attribute, message), expected, "{code} {attribute:?} {message}");
        };
        check("AttributeValueMustBeUnique", Some("ProxyAddresses"), "", Some(Mistake::DuplicateProxyAddress));
        check("warning", None, "the tenant quarantined proxyAddresses smtp:a", Some(Mistake::DuplicateProxyAddress));
        check("IdentityDataValidationFailed", Some("userPrincipalName"), "", Some(Mistake::InvalidUserPrincipalName));
        check("IdentityDataValidationFailed", None, "", Some(Mistake::InvalidUserPrincipalName));
        check("warning", None, "manager was not resolved", Some(Mistake::DanglingManager));
        check("LargeObject", Some("thumbnailPhoto"), "proxyAddresses", None);
    }

    #[test]
    fn a_repeated_report_is_said_once_and_the_newest_stays() {
        let mut sorted = Sorted::default();
        sorted.add(Some(Mistake::InvalidUserPrincipalName), finding(9, "IdentityDataValidationFailed", "CN={a}"));
        sorted.add(Some(Mistake::InvalidUserPrincipalName), finding(3, "IdentityDataValidationFailed", "CN={a}"));
        sorted.add(None, finding(3, "LargeObject", "CN={a}"));
        let findings = sorted.findings();
        let counts: Vec<usize> = findings.deliberate_errors.iter().map(|error| error.reports.len()).collect();
        assert_eq!(counts, [0, 1, 0]);
        assert_eq!(findings.deliberate_errors[1].reports[0].run, Some(RunId(9)));
        assert_eq!(findings.other_errors, [finding(3, "LargeObject", "CN={a}")]);
    }

    #[test]
    fn the_text_tells_where_and_says_when_nothing_was_reported() {
        let mut sorted = Sorted::default();
        let reported = Finding {
            profile: "Export".into(),
            step: 1,
            step_type: "Export".into(),
            display_name: "Markus Weber".into(),
            ..finding(5, "IdentityDataValidationFailed", "CN={a}")
        };
        sorted.add(Some(Mistake::InvalidUserPrincipalName), reported);
        assert_eq!(
            sorted.findings().text(),
            "Deliberate errors of the sample forest\n\
             1. Duplicate proxy address\n   not reported\n\
             2. Invalid user principal name\n\
             \x20  Reported : run 5, AAD, Export, step 1 (Export)\n\
             \x20  Code     : IdentityDataValidationFailed\n\
             \x20  Object   : Markus Weber, CN={a}\n\
             \x20  Message  : no\n\
             3. Dangling manager\n   not reported\n"
        );
    }
}
