//! From a real domain controller (`fixtures/samba.sh`) through the metaverse into the sandbox tenant, set
//! up from the command line as an administrator would.
//!
//! Reads `SYNCLINE_TEST_AD_*`; without them every test says that it was skipped, unless
//! `SYNCLINE_REQUIRE_SERVERS=1` demands the server.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic, its helpers too")]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;
use syncline_engine::connector::CancelToken;
use syncline_engine::connector::active_directory::{ActiveDirectorySettings, ConnectionSecurity};
use syncline_engine::connector::entra::EntraConnector;
use syncline_engine::service::{
    AttributeChangeView, ConnectorSummary, CsObjectView, CsScope, CsSearch, CyclePolicy, Engine, EngineError, EngineOptions,
    MvObjectView, OperationFilter, RunDetails,
};
use syncline_engine::setup::NewDirectory;
use syncline_engine::store::configuration::{self, ConnectorRecord};
use tempfile::TempDir;
use uuid::Uuid;

const TENANT: &str = "contoso.onmicrosoft.com - AAD";
const FULL_IMPORT: &str = "Full Import";

/// The fixture, as its script describes it.
struct Forest {
    address: String,
    domain: String,
    base: String,
    ca_file: PathBuf,
    user: String,
    password: String,
    admin_user: String,
    admin_password: String,
}

impl Forest {
    /// The fixture; `None` after saying that the test is skipped.
    fn read(test: &str) -> Option<Self> {
        let variable = |name: &str| std::env::var(format!("SYNCLINE_TEST_AD_{name}")).ok();
        let read = || {
            Some(Self {
                address: variable("ADDRESS")?,
                domain: variable("DOMAIN")?,
                base: variable("BASE")?,
                ca_file: variable("CA_FILE")?.into(),
                user: variable("USER")?,
                password: variable("PASSWORD")?,
                admin_user: variable("ADMIN_USER")?,
                admin_password: variable("ADMIN_PASSWORD")?,
            })
        };
        let forest = read();
        if forest.is_none() {
            let required = std::env::var("SYNCLINE_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
            assert!(!required, "{test} needs a domain controller: SYNCLINE_TEST_AD_* is not set, see fixtures/samba.sh");
            println!("{test} was skipped: SYNCLINE_TEST_AD_* is not set, see fixtures/samba.sh");
        }
        forest
    }

    /// Runs a program of OpenLDAP as the administrator of the forest and gives what it says.
    fn as_administrator(&self, program: &str, arguments: &[&str], input: &str) -> String {
        let mut password = tempfile::NamedTempFile::new().unwrap();
        password.write_all(self.admin_password.as_bytes()).unwrap();
        let mut child = Command::new(program)
            .args(["-x", "-H", &format!("ldaps://{}", self.address), "-D", &self.admin_user, "-y"])
            .arg(password.path())
            .args(arguments)
            .env("LDAPTLS_CACERT", &self.ca_file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes changes in the directory, written as LDIF.
    fn change(&self, ldif: &str) {
        self.as_administrator("ldapmodify", &[], ldif);
    }

    /// The values that one attribute has on the objects of a filter; binary ones in base64.
    fn values(&self, filter: &str, attribute: &str) -> BTreeSet<String> {
        let options = ["-LLL", "-o", "ldif-wrap=no", "-E", "pr=500/noprompt", "-b", &self.base, filter, attribute];
        let answer = self.as_administrator("ldapsearch", &options, "");
        let (plain, encoded) = (format!("{attribute}: "), format!("{attribute}:: "));
        let mut values = BTreeSet::new();
        for line in answer.lines() {
            if let Some(value) = line.strip_prefix(&plain) {
                values.insert(value.to_owned());
            } else if let Some(value) = line.strip_prefix(&encoded) {
                let text = String::from_utf8(BASE64.decode(value).unwrap()).ok().filter(|_| attribute != "objectGUID");
                values.insert(text.unwrap_or_else(|| value.to_owned()));
            }
        }
        values
    }

    fn settings(&self) -> ActiveDirectorySettings {
        ActiveDirectorySettings {
            forest: self.domain.clone(),
            servers: vec![self.address.clone()],
            user: self.user.clone(),
            security: ConnectionSecurity::Ldaps,
            ca_file: Some(self.ca_file.clone()),
            ..ActiveDirectorySettings::default()
        }
    }
}

/// A data folder, used through the command line and through the engine.
struct Workspace {
    folder: TempDir,
}

impl Workspace {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Calls the command line and gives its exit code.
    fn syncline(&self, arguments: &[&str]) -> u8 {
        let data = self.data();
        let mut line: Vec<OsString> = vec!["syncline".into(), "--quiet".into(), "--data".into(), data.into()];
        line.extend(arguments.iter().map(OsString::from));
        syncline::cli::main(line)
    }

    /// Adds the forest with a password, with options that come after and so win.
    fn add_forest(&self, forest: &Forest, password: &str, options: &[&str]) -> u8 {
        let secret = self.folder.path().join("secret");
        std::fs::write(&secret, format!("{password}\n")).unwrap();
        let has = |option: &str| options.contains(&option);
        let ca_file = forest.ca_file.to_str().unwrap();
        let mut arguments = vec!["connector", "add", "active-directory", "--user", &forest.user];
        let usual = [("--name", forest.domain.as_str()), ("--server", &forest.address), ("--ca-file", ca_file)];
        for (option, value) in usual.iter().filter(|(option, _)| !has(option)) {
            arguments.extend([option, value]);
        }
        arguments.extend(["--secret-file", secret.to_str().unwrap()]);
        arguments.extend(options);
        self.syncline(&arguments)
    }

    /// Adds forest and tenant and opens the engine.
    fn connected(&self, forest: &Forest) -> Engine {
        assert_eq!(self.add_forest(forest, &forest.password, &[]), 0);
        let sandbox =
            ["connector", "add", "sandbox", "--tenant", "contoso", "--domain", "contoso.test", "--domain", &forest.domain];
        assert_eq!(self.syncline(&sandbox), 0);
        Engine::open(&self.data(), EngineOptions::default()).unwrap()
    }
}

/// The tenant, read as any application with a token reads it.
struct Tenant(EntraConnector);

impl Tenant {
    fn of(engine: &Engine) -> Self {
        let record = record(engine, TENANT);
        let secret = engine.secrets().decrypt(&record.secret.unwrap()).unwrap();
        Self(EntraConnector::open(serde_json::from_str(&record.settings).unwrap(), secret).unwrap())
    }

    /// All objects of a list.
    fn list(&mut self, path: &str, select: &str) -> Vec<Value> {
        let client = self.0.client();
        let mut url = client.url(path);
        url.set_query(Some(&format!("$select={select}&$top=50")));
        let mut found = Vec::new();
        loop {
            let page = client.call(&Method::GET, &url, None, &CancelToken::default()).unwrap();
            found.extend(page["value"].as_array().unwrap().iter().cloned());
            match page["@odata.nextLink"].as_str() {
                Some(next) => url = client.link(next).unwrap(),
                None => return found,
            }
        }
    }

    /// The users that came from a forest; the tenant's own administrator is always there besides.
    fn users(&mut self) -> Vec<Value> {
        let fields = "id,displayName,givenName,surname,jobTitle,department,mail,userPrincipalName,accountEnabled,\
            onPremisesSamAccountName,onPremisesImmutableId";
        let (synchronized, own): (Vec<Value>, Vec<Value>) =
            self.list("v1.0/users", fields).into_iter().partition(|user| user["onPremisesImmutableId"].is_string());
        assert_eq!(texts(&own, "userPrincipalName"), BTreeSet::from(["admin@contoso.onmicrosoft.com".to_owned()]));
        synchronized
    }

    /// The one user with this account name.
    fn user(&mut self, account: &str) -> Option<Value> {
        let mut users = self.users();
        users.retain(|user| user["onPremisesSamAccountName"] == account);
        assert!(users.len() < 2, "{users:?}");
        users.pop()
    }

    /// Display names of the members of a group.
    fn members(&mut self, group: &str) -> BTreeSet<String> {
        let groups = self.list("v1.0/groups", "id,displayName");
        let found = groups.iter().find(|found| found["displayName"] == group).unwrap_or_else(|| panic!("{group} is missing"));
        let path = format!("v1.0/groups/{}/members", found["id"].as_str().unwrap());
        texts(&self.list(&path, "id,displayName"), "displayName")
    }
}

/// The values of a field; none may be missing.
fn texts(objects: &[Value], field: &str) -> BTreeSet<String> {
    objects.iter().map(|object| object[field].as_str().unwrap_or_else(|| panic!("{object} lacks {field}")).to_owned()).collect()
}

fn record(engine: &Engine, name: &str) -> ConnectorRecord {
    let records = configuration::connectors(&engine.database().reader().unwrap()).unwrap();
    records.into_iter().find(|record| record.name == name).unwrap()
}

/// Runs a profile that must end with this status.
fn run(engine: &Engine, connector: &str, profile: &str, status: &str) -> RunDetails {
    let details = engine.start_run(connector, profile).unwrap().wait().unwrap();
    assert_eq!(details.summary.status, status, "{connector}, {profile}: {:?}", details.step_details);
    details
}

/// Adds, updates, deletes and errors of a run.
fn changes(details: &RunDetails) -> [u64; 4] {
    let summary = &details.summary;
    [summary.adds, summary.updates, summary.deletes, summary.errors]
}

/// Exports, and sees it confirmed.
fn export_and_confirm(engine: &Engine) -> RunDetails {
    let exported = run(engine, TENANT, "Export", "success");
    run(engine, TENANT, "Delta Import", "success");
    run(engine, TENANT, "Delta Synchronization", "success");
    nothing_is_left(engine);
    exported
}

/// Nothing waits to be exported or to be confirmed.
fn nothing_is_left(engine: &Engine) {
    let tenant = engine.connector(TENANT).unwrap();
    assert_eq!(engine.pending_exports(tenant.id, OperationFilter::ALL, 0, 10).unwrap().rows, []);
    assert_eq!(count(engine, &tenant, CsScope::AwaitingConfirmation), 0);
}

fn count(engine: &Engine, connector: &ConnectorSummary, scope: CsScope) -> u64 {
    let search = CsSearch { connector: connector.id, scope, text: String::new(), offset: 0, limit: 1 };
    engine.search_connector_space(&search).unwrap().total
}

/// The object that a metaverse object is joined to in a connector space.
fn joined(engine: &Engine, object: &MvObjectView, connector: &str) -> CsObjectView {
    let mut found = object.connector_details.iter().filter(|detail| detail.connector_name == connector);
    let (first, second) = (found.next(), found.next());
    assert!(second.is_none(), "{object:?}");
    engine.cs_object(first.unwrap_or_else(|| panic!("{object:?} is not joined to {connector}")).hit.guid).unwrap()
}

fn imported<'a>(object: &'a CsObjectView, attribute: &str) -> &'a AttributeChangeView {
    let found = object.import.attributes.iter().find(|found| found.name == attribute);
    found.unwrap_or_else(|| panic!("{} lacks {attribute}", object.dn))
}

fn attribute<'a>(object: &'a MvObjectView, name: &str) -> &'a syncline_engine::service::MvAttributeView {
    object.attribute_details.iter().find(|found| found.name == name).unwrap_or_else(|| panic!("{} is missing", name))
}

#[test]
fn a_forest_arrives_in_the_tenant_and_stays_in_step() {
    let Some(forest) = Forest::read("a_forest_arrives_in_the_tenant_and_stays_in_step") else { return };
    // Two people share an address; which of them the tenant would take first depends on their GUIDs.
    share_an_address(&forest, false);
    let workspace = Workspace::new();
    let engine = workspace.connected(&forest);

    first_cycle(&engine, &forest);
    let mut tenant = Tenant::of(&engine);
    the_tenant_holds_what_the_rules_allow(&forest, &mut tenant);
    one_user_can_be_followed(&engine, &forest, &mut tenant);
    groups_have_their_members(&mut tenant);

    let second = engine.start_cycle(CyclePolicy::Delta).unwrap().wait().unwrap();
    assert_eq!((second.status.as_str(), second.steps.len()), ("success", 5), "{second:?}");
    for step in &second.steps {
        let details = engine.run(step.run.as_ref().unwrap().id).unwrap();
        assert_eq!(changes(&details), [0; 4], "{step:?}");
    }

    changes_arrive(&engine, &forest, &mut tenant);
    a_conflict_is_told_once(&engine, &forest);
    engine.shutdown();
}

fn first_cycle(engine: &Engine, forest: &Forest) {
    let cycle = engine.start_cycle(CyclePolicy::Initial).unwrap().wait().unwrap();
    let steps: Vec<(&str, &str, &str)> = cycle
        .steps
        .iter()
        .map(|step| (step.connector.as_str(), step.profile.as_str(), step.run.as_ref().map_or("", |run| run.status.as_str())))
        .collect();
    assert_eq!(
        steps,
        [
            (forest.domain.as_str(), FULL_IMPORT, "success"),
            (TENANT, FULL_IMPORT, "success"),
            (&forest.domain, "Full Synchronization", "success"),
            (TENANT, "Full Synchronization", "success"),
            (TENANT, "Export", "success"),
        ]
    );
    let imported = cycle.steps[0].run.as_ref().unwrap();
    let of_types = "(|(objectClass=user)(objectClass=group)(objectClass=contact)(objectClass=organizationalUnit)\
        (objectClass=container)(objectClass=domainDNS)(objectClass=foreignSecurityPrincipal))";
    assert_eq!(imported.adds, forest.values(of_types, "objectGUID").len() as u64);
    let export = engine.run(cycle.steps[4].run.as_ref().unwrap().id).unwrap();
    let confirmed = run(engine, TENANT, "Delta Import", "success");
    assert_eq!(changes(&confirmed), [export.summary.adds, 0, 0, 0]);
    run(engine, TENANT, "Delta Synchronization", "success");
    nothing_is_left(engine);
}

fn the_tenant_holds_what_the_rules_allow(forest: &Forest, tenant: &mut Tenant) {
    let users = tenant.users();
    let accounts =
        forest.values("(&(objectClass=user)(!(objectClass=computer))(!(isCriticalSystemObject=TRUE)))", "sAMAccountName");
    assert!(accounts.len() > 60 && accounts.contains("inetorg1"), "{accounts:?}");
    assert_eq!(texts(&users, "onPremisesSamAccountName"), accounts);
    assert_eq!(users.len(), accounts.len());

    let mut groups = forest.values("(&(objectClass=group)(!(isCriticalSystemObject=TRUE)))", "sAMAccountName");
    assert!(groups.remove("Lunch"), "a distribution group without a mail address stays at home");
    assert_eq!(texts(&tenant.list("v1.0/groups", "displayName"), "displayName"), groups);

    let contacts = forest.values("(&(objectClass=contact)(mail=*))", "mail");
    assert!(contacts.len() > 5, "{contacts:?}");
    assert_eq!(texts(&tenant.list("v1.0/contacts", "mail"), "mail"), contacts);

    // The anchors are the GUIDs of the directory.
    let guids = forest.values("(&(objectClass=user)(!(objectClass=computer))(!(isCriticalSystemObject=TRUE)))", "objectGUID");
    assert_eq!(texts(&users, "onPremisesImmutableId"), guids);

    let of = |account: &str, field: &str| {
        let user = users.iter().find(|user| user["onPremisesSamAccountName"] == account).unwrap();
        user[field].clone()
    };
    assert_eq!(of("hanako.yoshida", "surname"), "𠮷田");
    assert_eq!(of("jane.doe", "displayName"), "Jane Doe");
    // Neither is a domain of the tenant, and one has no name to sign in with.
    assert_eq!(of("max.becker", "userPrincipalName"), "max.becker@contoso.onmicrosoft.com");
    assert_eq!(of("lena.hoffmann", "userPrincipalName"), "lena.hoffmann@corp.contoso.test");
    // The twelfth person has left the company.
    assert_eq!((of("erzsebet.toth", "accountEnabled"), of("dvorak.jiri", "accountEnabled")), (false.into(), true.into()));
}

/// Connector space of the forest, metaverse, connector space of the tenant, tenant.
fn one_user_can_be_followed(engine: &Engine, forest: &Forest, tenant: &mut Tenant) {
    let connector = engine.connector(&forest.domain).unwrap();
    let people = format!("OU=People,{}", forest.base);
    let dn = format!("CN=Jürgen Müller,OU=Zürich,{people}");
    let source = engine.cs_object_by_dn(connector.id, &dn).unwrap();
    assert_eq!((source.object_type.as_str(), source.state.as_str()), ("user", "Connector (normal)"));
    assert_eq!(imported(&source, "sn").new[0].text, "Müller");
    let manager = &imported(&source, "manager").new[0];
    assert_eq!(manager.text, format!("CN=Claudia Keller,OU=Berlin,{people}"));

    let person = engine.mv_object(source.metaverse.as_ref().unwrap().guid).unwrap();
    let boss = engine.cs_object(manager.cs_target.unwrap()).unwrap();
    let boss = engine.mv_object(boss.metaverse.unwrap().guid).unwrap();
    assert_eq!(attribute(&person, "displayName").values[0].text, "Jürgen Müller");
    assert_eq!(attribute(&person, "displayName").connector, forest.domain);
    assert_eq!(attribute(&person, "manager").values[0].mv_target, Some(boss.hit.guid));
    assert_eq!(attribute(&person, "domainNetBios").values[0].text, "CORP");

    let (target, target_of_boss) = (joined(engine, &person, TENANT), joined(engine, &boss, TENANT));
    assert_eq!(imported(&target, "surname").new[0].text, "Müller");
    assert_eq!(imported(&target, "manager").new[0].cs_target, Some(target_of_boss.guid));
    assert!(target.lineage.iter().any(|link| link.rule == "Out to AAD - User Join" && link.action == "Provision"), "{target:?}");

    let user = tenant.user("juergen.mueller").unwrap();
    let check = |field: &str, expected: &str| assert_eq!(user[field], expected, "{field}");
    check("displayName", "Jürgen Müller");
    check("givenName", "Jürgen");
    check("surname", "Müller");
    check("jobTitle", "Head of Engineering");
    check("department", "Engineering");
    check("mail", "juergen.mueller@contoso.test");
    check("userPrincipalName", "juergen.mueller@contoso.test");
    let guid = forest.values("(sAMAccountName=juergen.mueller)", "objectGUID");
    check("onPremisesImmutableId", guid.first().unwrap());
}

fn groups_have_their_members(tenant: &mut Tenant) {
    let mut check = |group: &str, expected: &[&str]| {
        assert_eq!(tenant.members(group), expected.iter().map(ToString::to_string).collect(), "{group}");
    };
    let departments = ["GG Engineering", "GG Finance", "GG Sales", "GG Human Resources", "GG Operations"];
    check("GG All Employees", &[&departments[..], &["Claudia Keller"]].concat());
    check("UG Vertrieb Zürich", &["GG Sales"]);
    check("UG Circle A", &["UG Circle B"]);
    check("UG Circle B", &["UG Circle A"]);
    check("GG Empty", &[]);
    // A member of a trusted domain is nobody here.
    check("DL Finance Share", &["GG Finance", "GG All Employees"]);
    // Contacts without a mail address stay at home.
    check("UG Bulk", &[]);
    assert!(tenant.members("Newsletter").is_superset(&["UG Vertrieb Zürich", "Ümit Özdemir"].map(str::to_owned).into()));
    assert!(tenant.members("GG Engineering").contains("Jürgen Müller"));
}

/// Changes of the directory reach the tenant, and their reversal does too.
fn changes_arrive(engine: &Engine, forest: &Forest, tenant: &mut Tenant) {
    let people = format!("OU=People,{}", forest.base);
    let ida = forest.values("(sAMAccountName=ida.vogel)", "distinguishedName").pop_first().unwrap();
    let finance = format!("CN=GG Finance,OU=Groups,{}", forest.base);
    let account = format!("t{}", &Uuid::new_v4().simple().to_string()[..12]);
    let new = format!("CN=Änne {account},OU=Berlin,{people}");
    assert_eq!(tenant.user("ida.vogel").unwrap()["jobTitle"], "Sales Specialist");
    assert!(!tenant.members("GG Finance").contains("Ida Vogel"));

    forest.change(&format!(
        "dn: {ida}\nchangetype: modify\nreplace: title\ntitle: Ärztin <Leitung> & mehr\n-\ndelete: telephoneNumber\n\n\
         dn: {finance}\nchangetype: modify\nadd: member\nmember: {ida}\n\n\
         dn: {new}\nchangetype: add\nobjectClass: user\nsAMAccountName: {account}\nuserPrincipalName: {account}@contoso.test\n\
         displayName: Änne Neu\nmanager: {ida}\n"
    ));
    let seen = run(engine, &forest.domain, FULL_IMPORT, "success");
    assert_eq!(changes(&seen), [1, 2, 0, 0]);
    run(engine, &forest.domain, "Delta Synchronization", "success");
    let exported = export_and_confirm(engine);
    assert_eq!(changes(&exported), [1, 2, 0, 0]);
    assert_eq!(tenant.user("ida.vogel").unwrap()["jobTitle"], "Ärztin <Leitung> & mehr");
    assert!(tenant.members("GG Finance").contains("Ida Vogel"));
    let added = tenant.user(&account).unwrap();
    assert_eq!((&added["displayName"], &added["accountEnabled"]), (&"Änne Neu".into(), &false.into()), "{added}");

    forest.change(&format!(
        "dn: {ida}\nchangetype: modify\nreplace: title\ntitle: Sales Specialist\n-\n\
         add: telephoneNumber\ntelephoneNumber: +49 30 5550058\n\n\
         dn: {finance}\nchangetype: modify\ndelete: member\nmember: {ida}\n\n\
         dn: {new}\nchangetype: delete\n"
    ));
    let cycle = engine.start_cycle(CyclePolicy::Delta).unwrap().wait().unwrap();
    assert_eq!(cycle.status, "success", "{cycle:?}");
    let exported = engine.run(cycle.steps.last().unwrap().run.as_ref().unwrap().id).unwrap();
    assert_eq!(changes(&exported), [0, 2, 1, 0], "{exported:?}");
    run(engine, TENANT, "Delta Import", "success");
    run(engine, TENANT, "Delta Synchronization", "success");
    nothing_is_left(engine);
    assert_eq!(tenant.user("ida.vogel").unwrap()["jobTitle"], "Sales Specialist");
    assert!(!tenant.members("GG Finance").contains("Ida Vogel"));
    assert_eq!(tenant.user(&account), None);
}

/// Lets a person have the address of another one, as the fixture made them, or one of their own.
fn share_an_address(forest: &Forest, shared: bool) {
    let person = forest.values("(sAMAccountName=john.smith2)", "distinguishedName").pop_first().unwrap();
    let address = if shared { "john.smith" } else { "john.smith2" };
    forest.change(&format!(
        "dn: {person}\nchangetype: modify\nreplace: proxyAddresses\n\
         proxyAddresses: SMTP:{address}@contoso.test\nproxyAddresses: smtp:not an address\n"
    ));
}

/// The tenant leaves out an address that another user has and says so; that is not repeated forever.
fn a_conflict_is_told_once(engine: &Engine, forest: &Forest) {
    share_an_address(forest, true);
    assert_eq!(changes(&run(engine, &forest.domain, FULL_IMPORT, "success")), [0, 1, 0, 0]);
    run(engine, &forest.domain, "Delta Synchronization", "success");
    let exported = run(engine, TENANT, "Export", "completed-warnings");
    assert_eq!(changes(&exported), [0, 1, 0, 0]);
    let warnings = &exported.step_details[0].warnings;
    assert!(matches!(&warnings[..], [text] if text.contains("john.smith@contoso.test")), "{warnings:?}");
    run(engine, TENANT, "Delta Import", "success");
    run(engine, TENANT, "Delta Synchronization", "success");
    nothing_is_left(engine);
}

/// Changes settings and password of the forest behind the back of setup, which would test them.
fn reconfigure(engine: &Engine, forest: &Forest, password: &str, change: impl FnOnce(&mut ActiveDirectorySettings)) {
    let mut settings = forest.settings();
    change(&mut settings);
    let record = ConnectorRecord {
        settings: serde_json::to_string(&settings).unwrap(),
        secret: Some(engine.secrets().encrypt(&SecretString::from(password)).unwrap()),
        ..record(engine, &forest.domain)
    };
    let mut writer = engine.database().writer();
    let transaction = writer.transaction().unwrap();
    configuration::save_connector(&transaction, &record).unwrap();
    transaction.commit().unwrap();
}

#[test]
fn runs_that_cannot_start_say_why() {
    let Some(forest) = Forest::read("runs_that_cannot_start_say_why") else { return };
    let workspace = Workspace::new();
    let engine = workspace.connected(&forest);
    // An authority that has nothing to do with the domain controller.
    let unrelated = workspace.data().join("sandbox").join("ca.pem");
    let closed = TcpListener::bind((forest.address.as_str(), 0)).unwrap().local_addr().unwrap().to_string();
    let check =
        |password: &str, change: &dyn Fn(&mut ActiveDirectorySettings), status: &str, connection: &str, words: &[&str]| {
            reconfigure(&engine, &forest, password, change);
            for profile in [FULL_IMPORT, "Delta Import", "Export"] {
                let details = run(&engine, &forest.domain, profile, status);
                let step = &details.step_details[0];
                assert_eq!(step.status, status);
                let [attempt] = &step.connections[..] else { panic!("{step:?}") };
                assert_eq!(attempt.status, connection, "{attempt:?}");
                assert!(attempt.server.starts_with(&forest.address), "{attempt:?}");
                for word in words {
                    assert!(attempt.detail.contains(word) && step.message.contains(word), "{step:?} lacks {word}");
                }
                assert!(!format!("{details:?}").contains(password), "the password must not be shown");
            }
        };
    let (good, unchanged) = (forest.password.as_str(), &|_: &mut ActiveDirectorySettings| {});
    check("not-the-password", unchanged, "no-start-credentials", "failed-authentication", &[&forest.user, "password"]);
    check(good, &|settings| settings.servers = vec![closed.clone()], "no-start-connection", "failed-connection", &[&closed]);
    let untrusted = |settings: &mut ActiveDirectorySettings| settings.ca_file = Some(unrelated.clone());
    check(good, &untrusted, "no-start-connection", "failed-connection", &["certificate", "not trusted", "ca.pem"]);

    // An initial cycle that could not import leaves the tenant alone.
    let cycle = engine.start_cycle(CyclePolicy::Initial).unwrap().wait().unwrap();
    assert_eq!(cycle.status, "completed-import-failed", "{cycle:?}");
    assert_eq!(Tenant::of(&engine).users().len(), 0);

    // Put right, it runs again.
    let refused = engine.set_credential(&forest.domain, SecretString::from(good)).unwrap_err();
    assert!(refused.to_string().contains("not trusted"), "{refused}");
    reconfigure(&engine, &forest, "not-the-password", unchanged);
    let refused = engine.set_credential(&forest.domain, SecretString::from("neither")).unwrap_err();
    assert!(refused.to_string().contains("password is wrong"), "{refused}");
    engine.set_credential(&forest.domain, SecretString::from(good)).unwrap();
    run(&engine, &forest.domain, FULL_IMPORT, "success");
    engine.shutdown();
}

#[test]
fn a_busy_connector_takes_no_second_run() {
    let Some(forest) = Forest::read("a_busy_connector_takes_no_second_run") else { return };
    let workspace = Workspace::new();
    let engine = workspace.connected(&forest);
    // A server that is there and never says a word.
    let silent = TcpListener::bind((forest.address.as_str(), 0)).unwrap();
    let server = silent.local_addr().unwrap().to_string();
    reconfigure(&engine, &forest, &forest.password, |settings| settings.servers = vec![server]);
    let first = engine.start_run(&forest.domain, FULL_IMPORT).unwrap();

    let busy = |error: EngineError, word: &str| {
        let EngineError::Busy { status, message } = error else { panic!("{error:?}") };
        assert_eq!(status, "no-start-ma-already-running");
        assert!(message.contains(&forest.domain) && message.contains(FULL_IMPORT) && message.contains(word), "{message}");
    };
    busy(engine.start_run(&forest.domain, FULL_IMPORT).unwrap_err(), "already running");
    busy(engine.start_run(TENANT, "Full Synchronization").unwrap_err(), "runs alone");
    busy(engine.start_cycle(CyclePolicy::Delta).unwrap_err(), "cycle");
    let new = NewDirectory::active_directory("fabrikam.test", &forest.settings(), SecretString::from("x")).unwrap();
    busy(engine.add_directory(new).unwrap_err(), "configuration");
    // Another process is told that this one has the data folder.
    assert_eq!(workspace.syncline(&["run", "start", &forest.domain, FULL_IMPORT]), 4);
    assert_eq!(workspace.syncline(&["connector", "add", "sandbox", "--tenant", "fabrikam"]), 4);

    drop(silent);
    assert_eq!(first.wait().unwrap().summary.status, "no-start-connection");
    reconfigure(&engine, &forest, &forest.password, |_| {});
    run(&engine, &forest.domain, FULL_IMPORT, "success");
    engine.shutdown();
}

#[test]
fn the_command_line_tells_why_a_forest_was_not_added() {
    let Some(forest) = Forest::read("the_command_line_tells_why_a_forest_was_not_added") else { return };
    let workspace = Workspace::new();
    assert_eq!(workspace.syncline(&["connector", "add", "sandbox", "--tenant", "contoso"]), 0);
    let unrelated = workspace.data().join("sandbox").join("ca.pem");
    let closed = TcpListener::bind((forest.address.as_str(), 0)).unwrap().local_addr().unwrap().to_string();
    let check = |password: &str, options: &[&str], exit: u8| {
        assert_eq!(workspace.add_forest(&forest, password, options), exit, "{options:?}");
        let engine = Engine::open(&workspace.data(), EngineOptions { read_only: true, ..EngineOptions::default() }).unwrap();
        let names: Vec<String> = engine.connectors().unwrap().into_iter().map(|connector| connector.name).collect();
        assert_eq!(names, [TENANT], "nothing is stored");
    };
    let good = forest.password.as_str();
    check("not-the-password", &[], 20);
    check(good, &["--server", &closed], 21);
    check(good, &["--ca-file", unrelated.to_str().unwrap()], 21);
    check(good, &["--name", "contoso.test"], 31);
    check(good, &["--server", "ldaps://dc1"], 31);
    check(good, &["--ca-file", "/nowhere/ca.pem"], 31);

    // Each protection works; a forest is added once.
    for security in ["ldaps", "starttls", "plain"] {
        let workspace = Workspace::new();
        assert_eq!(workspace.add_forest(&forest, good, &["--security", security]), 0, "{security}");
        assert_eq!(workspace.add_forest(&forest, good, &["--security", security]), 31, "{security}");
        let secret = workspace.folder.path().join("secret");
        let change = ["connector", "set-credential", &forest.domain, "--secret-file", secret.to_str().unwrap()];
        assert_eq!(workspace.syncline(&change), 0, "{security}");
        std::fs::write(&secret, "not-the-password").unwrap();
        assert_eq!(workspace.syncline(&change), 20, "{security}");
    }
}
