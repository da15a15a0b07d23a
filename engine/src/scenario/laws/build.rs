//! From a story to a scenario: numbers become the objects that are there at that moment.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use uuid::Uuid;

use super::rules::{RuleEdit, edit, fixture};
use super::story::{Event, Kind, Story, Value};
use crate::connector::EntryValue;
use crate::connector::memory::{DeltaContent, Fault};
use crate::rules::RulePatch;
use crate::run::{DELTA_IMPORT, DELTA_SYNCHRONIZATION, EXPORT, FULL_IMPORT, FULL_SYNCHRONIZATION};
use crate::scenario::model::{
    ANY_RESULT, Action, Change, DirectoryKind, DirectorySpec, Errors, Expectation, Expected, FaultSpec, FileValue, Kill,
    ObjectSpec, RuleName, RunSpec, Scenario, Step, Subject, ValueChange, Way,
};
use crate::scenario::text::Place;
use crate::scenario::write::first_line;

const CONNECTORS: [&str; 3] = ["A", "B", "T"];
const T: &str = "T";

/// An object of a forest.
#[derive(Clone, Debug)]
struct Put {
    name: String,
    connector: &'static str,
    kind: Kind,
    rdn: String,
    /// The organizational unit that it is in: the first or the second of its forest.
    unit: usize,
    guid: Uuid,
    members: BTreeSet<String>,
    alive: bool,
}

/// What writes the statements of one way.
type Writes<'a> = &'a dyn Fn(&mut Builder);

/// Writes the scenario of a story.
#[derive(Clone, Debug)]
pub(super) struct Builder {
    directories: Vec<DirectorySpec>,
    steps: Vec<Step>,
    /// Names of the rules that are there.
    rules: BTreeSet<String>,
    objects: Vec<Put>,
    /// Objects that the tenant had before, with whether nobody is joined to them.
    cloud: Vec<String>,
    /// What the tenant has already of somebody is of somebody of the first forest.
    cloud_of_first: bool,
    /// Names of the units of both forests.
    units: BTreeMap<(&'static str, usize), String>,
    numbers: u32,
    /// Connectors that were imported; before that no delta can be told.
    imported: BTreeSet<String>,
}

fn step(action: Action, expectations: Vec<Expectation>) -> Step {
    let place = Place { file: "law".into(), line: 0 };
    Step { place, text: first_line(&action), action, expectations }
}

fn text(text: &str) -> FileValue {
    FileValue::Plain(EntryValue::Text(text.to_owned()))
}

fn base(connector: &str) -> &'static str {
    if connector == "B" { "DC=fabrikam,DC=com" } else { "DC=contoso,DC=com" }
}

impl Builder {
    pub(super) fn new(story: &Story) -> Self {
        let second =
            story.first.iter().chain(&story.before).chain(&story.after).any(|event| matches!(event, Event::Put { b: true, .. }));
        let directory = |name: &str, kind: DirectoryKind, domain: &str| DirectorySpec {
            name: name.to_owned(),
            kind,
            domain: domain.to_owned(),
            schema: kind.schema().unwrap(),
            delta_content: if name != "B" { story.delta_content } else { DeltaContent::Objects },
            deltas: true,
            confirms: false,
        };
        let mut directories = vec![directory("A", DirectoryKind::Forest, "contoso.com")];
        if second {
            directories.push(directory("B", DirectoryKind::Forest, "fabrikam.com"));
        }
        directories.push(directory(T, DirectoryKind::Tenant, "contoso.onmicrosoft.com"));
        let mut builder = Self {
            directories,
            steps: Vec::new(),
            rules: BTreeSet::new(),
            objects: Vec::new(),
            cloud: Vec::new(),
            cloud_of_first: false,
            units: BTreeMap::new(),
            numbers: 0,
            imported: BTreeSet::new(),
        };
        let there = fixture().into_iter().zip(&story.rules).filter(|(_, there)| **there).map(|(rule, _)| rule);
        let rules: Vec<_> = there.filter(|rule| builder.has(&rule.connector)).collect();
        builder.rules = rules.iter().map(|rule| rule.name.clone()).collect();
        if !rules.is_empty() {
            builder.act(Action::AddRules(rules));
        }
        for connector in CONNECTORS.into_iter().filter(|connector| *connector != T) {
            if !builder.has(connector) {
                continue;
            }
            for (place, unit) in ["OU=Staff", "OU=Mgmt"].into_iter().enumerate() {
                builder.units.insert((connector, place), unit.to_owned());
                builder.put(
                    connector,
                    &format!("{}{connector}", unit.trim_start_matches("OU=").to_lowercase()),
                    "organizationalUnit",
                    format!("{unit},{}", base(connector)),
                    BTreeMap::new(),
                );
            }
        }
        builder.happen(&story.first);
        builder
    }

    /// From now on the tenant has objects only of people of the first forest, whose source anchor wins.
    pub(super) fn know_only_the_first_in_the_cloud(&mut self) {
        self.cloud_of_first = true;
    }

    /// Up to the end of the first part.
    pub(super) fn begin(&mut self, story: &Story) {
        if story.settled {
            self.cycle();
            self.cycle();
        }
        self.happen(&story.before);
    }

    /// Up to the end of the second part, of which these events are taken.
    pub(super) fn end(&mut self, story: &Story, events: &[Event]) {
        self.happen(events);
        for (connector, _) in CONNECTORS.into_iter().zip(story.imported).filter(|(_, imported)| *imported) {
            self.import(connector, false);
        }
    }

    pub(super) fn scenario(self, title: &str) -> Scenario {
        Scenario { number: None, title: title.to_owned(), directories: self.directories, steps: self.steps }
    }

    fn has(&self, connector: &str) -> bool {
        self.directories.iter().any(|directory| directory.name == connector)
    }

    fn act(&mut self, action: Action) {
        self.steps.push(step(action, Vec::new()));
    }

    fn run(&mut self, connector: &str, profile: &str, batch_size: Option<u32>, kill: Option<Kill>) {
        if !self.has(connector) {
            return;
        }
        let run = RunSpec {
            connector: connector.to_owned(),
            profile: profile.to_owned(),
            batch_size,
            object_limit: None,
            deletion_limit: None,
            kill,
        };
        self.act_with_any_result(Action::Run(run));
    }

    fn act_with_any_result(&mut self, action: Action) {
        let any = Expectation { place: Place { file: "law".into(), line: 0 }, expected: Expected::Result(ANY_RESULT.to_owned()) };
        self.steps.push(step(action, vec![any]));
    }

    pub(super) fn import(&mut self, connector: &str, full: bool) {
        let full = self.imported.insert(connector.to_owned()) || full;
        self.run(connector, if full { FULL_IMPORT } else { DELTA_IMPORT }, None, None);
    }

    pub(super) fn synchronize(&mut self, connector: &str, full: bool) {
        self.run(connector, profile(full), None, None);
    }

    pub(super) fn synchronize_all(&mut self, full: bool) {
        CONNECTORS.into_iter().for_each(|connector| self.synchronize(connector, full));
    }

    pub(super) fn in_batches(&mut self, connectors: &[&str], full: bool, size: u32) {
        for connector in connectors {
            self.run(connector, profile(full), Some(size), None);
        }
    }

    /// What `work` writes, apart from what there is.
    fn apart(&mut self, work: impl FnOnce(&mut Self)) -> Vec<Step> {
        let before = std::mem::take(&mut self.steps);
        work(self);
        std::mem::replace(&mut self.steps, before)
    }

    pub(super) fn until_stable(&mut self, connectors: &[&str], full: bool) {
        let steps = self.apart(|builder| connectors.iter().for_each(|connector| builder.synchronize(connector, full)));
        self.act(Action::UntilStable(steps));
    }

    pub(super) fn same_end(&mut self, errors: Errors, ways: &[(&str, Writes<'_>)]) {
        let ways = ways.iter().map(|(text, work)| Way { text: (*text).to_owned(), steps: self.apart(work) }).collect();
        self.act(Action::SameEnd { ways, errors });
    }

    pub(super) fn twice(&mut self) {
        self.act(Action::SecondFullSynchronization);
    }

    pub(super) fn foretold(&mut self, full: bool, rules: &[Event]) {
        let rules = self.apart(|builder| builder.happen(rules));
        self.act(Action::Foretold { full, rules });
    }

    pub(super) fn happen(&mut self, events: &[Event]) {
        events.iter().for_each(|event| self.one(event));
    }

    fn one(&mut self, event: &Event) {
        let connector = |number: u8| CONNECTORS[usize::from(number) % CONNECTORS.len()];
        match event {
            Event::Put { b, kind, mail, values } => self.new_object(if *b { "B" } else { "A" }, *kind, *mail, values),
            Event::Cloud { of, mail } => self.new_cloud_object(*of, *mail),
            Event::Change { whom, value } => self.change(*whom, value),
            Event::CloudDelete { whom } => {
                if !self.cloud.is_empty() {
                    let name = self.cloud.remove(usize::from(*whom) % self.cloud.len());
                    let subject = Subject::Object { connector: T.to_owned(), name };
                    self.act(Action::Delete { subjects: vec![subject], unnoticed: false });
                }
            }
            Event::Move { whom, unit } => self.rename(*whom, *unit),
            Event::RenameUnit { b } => self.rename_unit(if *b { "B" } else { "A" }),
            Event::Delete { whom, unnoticed } => {
                self.delete(*whom, *unnoticed);
            }
            Event::Replace { whom } => {
                if let Some(old) = self.delete(*whom, false) {
                    self.numbers += 1;
                    let name = format!("{}{}", letter(old.kind), self.numbers);
                    let guid = Uuid::from_u128(u128::from(self.numbers));
                    self.enter(Put { name, guid, members: BTreeSet::new(), alive: true, ..old }, Some(0), &[]);
                }
            }
            Event::Retype { whom } => self.retype(*whom),
            Event::Import { connector: number, full } => self.import(connector(*number), *full),
            Event::Synchronize { connector: number, full } => self.synchronize(connector(*number), *full),
            Event::Export => self.run(T, EXPORT, None, None),
            Event::Cycle => self.cycle(),
            Event::StoppedImport { connector: number, after } => {
                let name = connector(*number);
                self.with_fault(name, Fault::StopImport { after: usize::from(*after) }, |builder| builder.import(name, true));
            }
            Event::StoppedExport { after } => {
                let fault = Fault::StopExport { after: usize::from(*after) - 1 };
                self.with_fault(T, fault, |builder| builder.run(T, EXPORT, Some(1), None));
            }
            Event::KilledSynchronization { connector: number, full, after } => {
                self.run(connector(*number), profile(*full), Some(2), Some(Kill::Objects(u64::from(*after))));
            }
            Event::KilledExport { after } => self.run(T, EXPORT, Some(1), Some(Kill::Batch(u64::from(*after)))),
            Event::LostAnswer { batch } => {
                let fault = Fault::LoseAnswer { after: usize::from(*batch) - 1 };
                self.with_fault(T, fault, |builder| builder.run(T, EXPORT, Some(2), None));
            }
            Event::AlteredExport => {
                let fault = Fault::Alter { attribute: "department".to_owned(), value: "Altered".to_owned() };
                self.with_fault(T, fault, |builder| builder.run(T, EXPORT, None, None));
            }
            Event::Restart => self.act(Action::Restart),
            Event::Join { whom, to, apart } => self.join(*whom, *to, *apart),
            Event::Disconnect { whom, in_tenant, for_good } => self.disconnect(*whom, *in_tenant, *for_good),
            Event::Rule(number) => self.change_rule(*number),
        }
    }

    fn cycle(&mut self) {
        CONNECTORS.into_iter().for_each(|connector| self.import(connector, false));
        CONNECTORS.into_iter().for_each(|connector| self.synchronize(connector, false));
        self.run(T, EXPORT, None, None);
    }

    fn with_fault(&mut self, connector: &str, fault: Fault, work: impl FnOnce(&mut Self)) {
        if self.has(connector) {
            self.act(Action::Fault { connector: connector.to_owned(), fault: FaultSpec::Ready(vec![fault]) });
            work(self);
            self.act(Action::Heal(connector.to_owned()));
        }
    }

    fn change_rule(&mut self, number: usize) {
        let (name, action) = match edit(number) {
            RuleEdit::Switch(name, enabled) => (name, Action::SwitchRule { rule: RuleName::Name(name.to_owned()), enabled }),
            RuleEdit::Patch(name, patch) => {
                let group = self.living(0, |object| object.connector == "A" && object.kind == Kind::Group);
                let group = group.map_or_else(|| "CN=Nobody,DC=contoso,DC=com".to_owned(), |place| self.dn(&self.objects[place]));
                let patch = Box::new(RulePatch::from_toml(&patch.replace("{group}", &group)).unwrap());
                (name, Action::ChangeRule { rule: RuleName::Name(name.to_owned()), patch })
            }
        };
        if self.rules.contains(name) {
            self.act(action);
        }
    }

    fn join(&mut self, whom: u8, to: u8, apart: bool) {
        let person = |object: &Put| object.kind != Kind::Group;
        let Some(whom) = self.living(whom, person) else { return };
        // Two objects of one directory would be in each other's way.
        let elsewhere = |object: &Put| person(object) && object.connector != self.objects[whom].connector;
        let Some(to) = self.living(to, elsewhere) else { return };
        let subject = Self::subject(&self.objects[whom]);
        if apart {
            self.act_with_any_result(Action::Disconnect { subject: subject.clone(), for_good: false });
        }
        let identity = Subject::Identity(self.objects[to].name.clone());
        self.act_with_any_result(Action::Join { subject, identity });
    }

    fn disconnect(&mut self, whom: u8, in_tenant: bool, for_good: bool) {
        let Some(place) = self.living(whom, |_| true) else { return };
        let subject = match Self::subject(&self.objects[place]) {
            Subject::Object { name, .. } if in_tenant => Subject::Joined { connector: T.to_owned(), name },
            subject => subject,
        };
        self.act_with_any_result(Action::Disconnect { subject, for_good });
    }

    fn dn(&self, object: &Put) -> String {
        let unit = self.units.get(&(object.connector, object.unit)).map_or("", String::as_str);
        format!("{},{unit},{}", object.rdn, base(object.connector))
    }

    fn subject(object: &Put) -> Subject {
        Subject::Object { connector: object.connector.to_owned(), name: object.name.clone() }
    }

    /// The living object of a number; `fits` narrows the choice.
    fn living(&self, number: u8, fits: impl Fn(&Put) -> bool) -> Option<usize> {
        let there: Vec<usize> =
            self.objects.iter().enumerate().filter(|(_, object)| object.alive && fits(object)).map(|(place, _)| place).collect();
        (!there.is_empty()).then(|| there[usize::from(number) % there.len()])
    }

    fn put(&mut self, connector: &str, name: &str, object_type: &str, dn: String, attributes: BTreeMap<String, Vec<FileValue>>) {
        self.act(Action::Put(vec![ObjectSpec {
            connector: connector.to_owned(),
            name: name.to_owned(),
            object_type: object_type.to_owned(),
            dn,
            attributes,
        }]));
    }

    fn new_object(&mut self, connector: &'static str, kind: Kind, mail: u8, values: &[Value]) {
        self.numbers += 1;
        let name = format!("{}{}", letter(kind), self.numbers);
        let object = Put {
            rdn: format!("CN={name}"),
            connector,
            kind,
            unit: 0,
            guid: Uuid::from_u128(u128::from(self.numbers)),
            members: BTreeSet::new(),
            alive: true,
            name,
        };
        self.enter(object, (kind != Kind::Group).then_some(mail), values);
    }

    fn enter(&mut self, object: Put, mail: Option<u8>, values: &[Value]) {
        let guid = FileValue::Plain(EntryValue::Binary(object.guid.to_bytes_le().to_vec()));
        let mut attributes = BTreeMap::from([("objectGUID".to_owned(), vec![guid])]);
        let place = self.objects.len();
        let (name, connector, dn) = (object.name.clone(), object.connector, self.dn(&object));
        let object_type = type_name(object.kind);
        let mail = mail.map(|mail| Value::Mail(Some(mail)));
        self.objects.push(Put { alive: false, ..object });
        for value in mail.iter().chain(values).filter(|value| !matches!(value, Value::Member { .. })) {
            if let Some(ValueChange { attribute, change: Change::Set(values) }) = self.value_change(place, value) {
                if values.is_empty() {
                    attributes.remove(&attribute);
                } else {
                    attributes.insert(attribute, values);
                }
            }
        }
        self.objects[place].alive = true;
        self.put(connector, &name, object_type, dn, attributes);
    }

    fn new_cloud_object(&mut self, of: Option<u8>, mail: u8) {
        self.numbers += 1;
        let name = format!("t{}", self.numbers);
        let owner = |object: &Put| object.kind == Kind::User && (!self.cloud_of_first || object.connector == "A");
        let person = of.and_then(|of| self.living(of, owner)).map(|place| self.objects[place].guid);
        let mut attributes = BTreeMap::from([("mail".to_owned(), vec![text(&format!("m{mail}@x"))])]);
        let dn = match person {
            Some(guid) => {
                let anchor = base64::engine::general_purpose::STANDARD.encode(guid.to_bytes_le());
                attributes.insert("sourceAnchor".to_owned(), vec![text(&anchor)]);
                format!("CN={{{}}}", hex::encode_upper(anchor))
            }
            None => {
                self.cloud.push(name.clone());
                format!("CN={name}")
            }
        };
        self.put(T, &name, "user", dn, attributes);
    }

    /// The change of an attribute, if the object can have it.
    fn value_change(&mut self, place: usize, value: &Value) -> Option<ValueChange> {
        let (connector, kind) = (self.objects[place].connector, self.objects[place].kind);
        let one = |attribute: &str, prefix: &str, value: Option<u8>, suffix: &str| ValueChange {
            attribute: attribute.to_owned(),
            change: Change::Set(value.iter().map(|value| text(&format!("{prefix}{value}{suffix}"))).collect()),
        };
        let flag = |attribute: &str, word: &str, on: bool| ValueChange {
            attribute: attribute.to_owned(),
            change: Change::Set(on.then(|| text(word)).into_iter().collect()),
        };
        let change = match value {
            Value::DisplayName(value) => one("displayName", "N", *value, ""),
            Value::Department(value) => one("department", "D", *value, ""),
            Value::Mail(value) => one("mail", "m", *value, "@x"),
            Value::OutOfScope(on) => flag("adminDescription", "User_x", *on),
            Value::NoSync(on) => flag("extensionAttribute15", "NoSync", *on),
            Value::ProxyAddresses(values) => {
                let values: BTreeSet<String> = values
                    .iter()
                    .map(|value| format!("{}:p{}@x", if value % 2 == 0 { "smtp" } else { "SMTP" }, value / 2))
                    .collect();
                ValueChange {
                    attribute: "proxyAddresses".to_owned(),
                    change: Change::Set(values.iter().map(|value| text(value)).collect()),
                }
            }
            Value::Manager(whom) => {
                let person = |object: &Put| object.connector == connector && object.kind != Kind::Group;
                let whom = whom.and_then(|whom| self.living(whom, person));
                let values = whom.map(|place| FileValue::Reference(Self::subject(&self.objects[place])));
                ValueChange { attribute: "manager".to_owned(), change: Change::Set(values.into_iter().collect()) }
            }
            Value::Members(_) | Value::Member { .. } if kind != Kind::Group => return None,
            Value::Members(numbers) => {
                let places = numbers.iter().filter_map(|number| self.living(*number, |object| object.connector == connector));
                let members: BTreeSet<String> = places.map(|place| self.objects[place].name.clone()).collect();
                self.objects[place].members.clone_from(&members);
                let reference = |name| FileValue::Reference(Subject::Object { connector: connector.to_owned(), name });
                ValueChange { attribute: "member".to_owned(), change: Change::Set(members.into_iter().map(reference).collect()) }
            }
            Value::Member { add, who } => {
                let known = self.objects[place].members.clone();
                let fits = |object: &Put| object.connector == connector && known.contains(&object.name) != *add;
                let who = self.living(*who, fits)?;
                let (name, subject) = (self.objects[who].name.clone(), Self::subject(&self.objects[who]));
                let members = &mut self.objects[place].members;
                let value = vec![FileValue::Reference(subject)];
                let change = if *add {
                    members.insert(name);
                    Change::Values { adds: value, deletes: Vec::new() }
                } else {
                    members.remove(&name);
                    Change::Values { adds: Vec::new(), deletes: value }
                };
                ValueChange { attribute: "member".to_owned(), change }
            }
        };
        let directory = self.directories.iter().find(|directory| directory.name == connector)?;
        directory.schema.attribute_of(type_name(kind), &change.attribute).map(|_| change)
    }

    fn change(&mut self, whom: u8, value: &Value) {
        let Some(place) = self.living(whom, |_| true) else { return };
        if let Some(change) = self.value_change(place, value) {
            self.act(Action::Change { subjects: vec![Self::subject(&self.objects[place])], changes: vec![change] });
        }
    }

    fn rename(&mut self, whom: u8, unit: bool) {
        let Some(place) = self.living(whom, |_| true) else { return };
        self.numbers += 1;
        let rdn = format!("CN={} {}", self.objects[place].name, self.numbers);
        self.objects[place].rdn = rdn;
        self.objects[place].unit = usize::from(unit);
        let object = self.objects[place].clone();
        self.act(Action::Rename { subject: Self::subject(&object), dn: self.dn(&object) });
    }

    fn rename_unit(&mut self, connector: &'static str) {
        if !self.has(connector) {
            return;
        }
        self.numbers += 1;
        let unit = format!("OU=Staff {}", self.numbers);
        let subject = Subject::Object { connector: connector.to_owned(), name: format!("staff{connector}") };
        self.act(Action::Rename { subject, dn: format!("{unit},{}", base(connector)) });
        self.units.insert((connector, 0), unit);
    }

    fn delete(&mut self, whom: u8, unnoticed: bool) -> Option<Put> {
        let place = self.living(whom, |_| true)?;
        self.objects[place].alive = false;
        let object = self.objects[place].clone();
        if !unnoticed {
            self.objects.iter_mut().for_each(|other| {
                other.members.remove(&object.name);
            });
        }
        self.act(Action::Delete { subjects: vec![Self::subject(&object)], unnoticed });
        Some(object)
    }

    fn retype(&mut self, whom: u8) {
        let Some(place) = self.living(whom, |object| object.kind != Kind::Group) else { return };
        let kind = if self.objects[place].kind == Kind::User { Kind::Contact } else { Kind::User };
        self.objects[place].kind = kind;
        let subject = Self::subject(&self.objects[place]);
        self.act(Action::Retype { subject, object_type: type_name(kind).to_owned() });
    }
}

fn profile(full: bool) -> &'static str {
    if full { FULL_SYNCHRONIZATION } else { DELTA_SYNCHRONIZATION }
}

fn letter(kind: Kind) -> char {
    match kind {
        Kind::User => 'u',
        Kind::Contact => 'c',
        Kind::Group => 'g',
    }
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user",
        Kind::Contact => "contact",
        Kind::Group => "group",
    }
}
