//! The Active Directory connector against a real domain controller (`fixtures/samba.sh`).
//!
//! Reads `SYNCLINE_TEST_AD_*`; without them every test says that it was skipped, unless
//! `SYNCLINE_REQUIRE_SERVERS=1` demands the server. Tests that change the directory have it for themselves.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic, its helpers too")]

mod changes;
mod cycle;
mod failing;
mod questions;
mod restored;
mod rights;
mod signing;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use secrecy::SecretString;
use syncline_engine::connector::active_directory::{ActiveDirectoryConnector, ActiveDirectorySettings, ConnectionSecurity};
use syncline_engine::connector::{
    CancelToken, Connector, ConnectorError, ConnectorErrorKind, EntryValue, ImportEntry, ImportItem, ImportMode, ImportRequest,
};
use syncline_engine::model::{Dn, Schema, ValueType};
use uuid::Uuid;

/// A certificate authority that has nothing to do with the server.
const UNRELATED_AUTHORITY: &str = "-----BEGIN CERTIFICATE-----
MIIBnjCCAUOgAwIBAgIUfIiI0J0wViMEdKZNAphGh/iZV3swCgYIKoZIzj0EAwIw
IzEhMB8GA1UEAwwYVW5yZWxhdGVkIHRlc3QgYXV0aG9yaXR5MCAXDTI2MTEyMjE3
MDAwMloYDzIxMjYxMDI5MTcwMDAyWjAjMSEwHwYDVQQDDBhVbnJlbGF0ZWQgdGVz
dCBhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQaXWiu025tNnKd
pz44Owwo4vA2tl2XLiUOABnsVYWDY+XqNOvEujg7tJzk7U8YpYNawL6aGgJqNKsJ
MLmhKdN8o1MwUTAdBgNVHQ4EFgQUEsbIYhcm987G3UPfbGRG8yKvpTQwHwYDVR0j
BBgwFoAUEsbIYhcm987G3UPfbGRG8yKvpTQwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNJADBGAiEAsyCI60o3M6B1sAjT5brGEQpI/fekMMPoAhPeac5tWg0C
IQD1C+EjG9amAuKBD06pA8nj1TVj3WHcGb2NTYYAaXXM5w==
-----END CERTIFICATE-----
";

/// Every object type of the connector, with the filter that finds exactly its objects.
const TYPES: &[(&str, &str)] = &[
    ("computer", "(objectClass=computer)"),
    ("contact", "(objectClass=contact)"),
    ("container", "(objectClass=container)"),
    ("domainDNS", "(objectClass=domainDNS)"),
    ("foreignSecurityPrincipal", "(objectClass=foreignSecurityPrincipal)"),
    ("group", "(objectClass=group)"),
    ("inetOrgPerson", "(objectClass=inetOrgPerson)"),
    ("organizationalUnit", "(objectClass=organizationalUnit)"),
    ("user", "(&(objectClass=user)(!(objectClass=computer))(!(objectClass=inetOrgPerson)))"),
];

const ATTRIBUTES: &[&str] = &[
    "cn",
    "department",
    "displayName",
    "employeeID",
    "givenName",
    "groupType",
    "isCriticalSystemObject",
    "mail",
    "manager",
    "managedBy",
    "member",
    "objectSid",
    "proxyAddresses",
    "sAMAccountName",
    "sn",
    "thumbnailPhoto",
    "title",
    "userAccountControl",
    "userCertificate",
    "userPrincipalName",
    "whenCreated",
];

/// Readers share the directory; who changes it has it alone.
static DIRECTORY: RwLock<()> = RwLock::new(());

/// Held for as long as a test works on the directory, with others or alone.
type Hold = (Option<RwLockReadGuard<'static, ()>>, Option<RwLockWriteGuard<'static, ()>>);

/// The fixture, as its script describes it.
struct Forest {
    host: String,
    address: String,
    domain: String,
    netbios: String,
    base: String,
    ca_file: PathBuf,
    sam_file: String,
    user: String,
    password: String,
    _hold: Hold,
}

/// The fixture for a test that only reads; `None` after saying that the test is skipped.
fn forest(test: &str) -> Option<Forest> {
    open_forest(test, || (Some(DIRECTORY.read().unwrap_or_else(PoisonError::into_inner)), None))
}

/// The fixture for a test that changes the directory.
fn forest_alone(test: &str) -> Option<Forest> {
    open_forest(test, || (None, Some(DIRECTORY.write().unwrap_or_else(PoisonError::into_inner))))
}

fn open_forest(test: &str, hold: impl FnOnce() -> Hold) -> Option<Forest> {
    let variable = |name: &str| std::env::var(format!("SYNCLINE_TEST_AD_{name}")).ok();
    let read = || {
        Some(Forest {
            host: variable("HOST")?,
            address: variable("ADDRESS")?,
            domain: variable("DOMAIN")?,
            netbios: variable("NETBIOS")?,
            base: variable("BASE")?,
            ca_file: variable("CA_FILE")?.into(),
            sam_file: variable("SAM_FILE")?,
            user: variable("USER")?,
            password: variable("PASSWORD")?,
            _hold: hold(),
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

impl Forest {
    fn settings(&self, security: ConnectionSecurity) -> ActiveDirectorySettings {
        ActiveDirectorySettings {
            forest: self.domain.clone(),
            servers: vec![self.host.clone()],
            address: Some(self.address.parse().unwrap()),
            user: self.user.clone(),
            security,
            ca_file: Some(self.ca_file.clone()),
            connect_timeout_secs: 30,
            operation_timeout_secs: 60,
            ..ActiveDirectorySettings::default()
        }
    }

    fn open(&self, settings: ActiveDirectorySettings) -> Result<ActiveDirectoryConnector, ConnectorError> {
        ActiveDirectoryConnector::open(settings, SecretString::from(self.password.clone()))
    }

    /// The settings, changed, must lead to this failure; the message must name the server and these words.
    fn check_refused(&self, change: impl FnOnce(&mut ActiveDirectorySettings), kind: ConnectorErrorKind, words: &[&str]) {
        let mut settings = self.settings(ConnectionSecurity::Ldaps);
        change(&mut settings);
        let server = settings.servers[0].clone();
        let error = self.open(settings).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.server.as_deref().is_some_and(|named| named.starts_with(&server)), "{error:?}");
        assert!(error.message.contains(&server), "{error}");
        for word in words {
            assert!(error.message.contains(word), "{error} lacks {word}");
        }
        assert!(!format!("{error:?}").contains(&self.password), "the password must not be shown");
    }

    fn request(&self, schema: &Arc<Schema>) -> ImportRequest {
        ImportRequest {
            mode: ImportMode::Full,
            partition: self.base.clone(),
            elsewhere: Vec::new(),
            object_types: TYPES.iter().map(|(name, _)| (*name).to_owned()).collect(),
            attributes: ATTRIBUTES.iter().map(|name| (*name).to_owned()).collect(),
            include: Vec::new(),
            exclude: Vec::new(),
            page_size: 200,
            timeout_secs: 60,
            schema: Arc::clone(schema),
            cancel: CancelToken::default(),
        }
    }

    /// The forest as another account of the fixture sees it: `PLAIN`, `WRITEBACK`, `ADMIN`.
    fn account(&self, prefix: &str) -> (String, SecretString) {
        let variable = |name: &str| std::env::var(format!("SYNCLINE_TEST_AD_{prefix}_{name}")).unwrap();
        (variable("USER"), SecretString::from(variable("PASSWORD")))
    }

    fn open_as(&self, prefix: &str) -> ActiveDirectoryConnector {
        let (user, password) = self.account(prefix);
        let settings = ActiveDirectorySettings { user, ..self.settings(ConnectionSecurity::Ldaps) };
        ActiveDirectoryConnector::open(settings, password).unwrap()
    }

    /// Runs an LDAP tool as administrator with this input.
    fn tool(&self, tool: &str, arguments: &[&str], input: &str) -> String {
        let variable = |name: &str| std::env::var(format!("SYNCLINE_TEST_AD_ADMIN_{name}")).unwrap();
        let file = |content: &str| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(content.as_bytes()).unwrap();
            file
        };
        let (secret, input_file) = (file(&variable("PASSWORD")), file(input));
        let output = Command::new(tool)
            .args(["-x", "-H", &format!("ldap://{}", self.address), "-D", &variable("USER"), "-y"])
            .arg(secret.path())
            .args(arguments)
            .stdin(input_file.reopen().unwrap())
            .output()
            .unwrap();
        assert!(output.status.success(), "{tool}: {}{input}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes changes written as LDIF.
    fn change(&self, ldif: &str) {
        self.tool("ldapmodify", &[], ldif);
    }

    /// The folder of all servers of the fixture.
    fn servers(&self) -> PathBuf {
        PathBuf::from(&self.sam_file).ancestors().nth(3).unwrap().to_owned()
    }

    /// Has the fixture's script stop, kill or start the domain controller.
    fn server(&self, command: &str) {
        let folder = self.servers();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/samba.sh");
        let output = Command::new(script).arg(command).arg(folder).arg("corp").stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A new container of its own for a test, under `parent`; it goes with all it holds at the end.
    fn unit(&self, parent: &str) -> Unit<'_> {
        let parent = if parent.is_empty() { self.base.clone() } else { format!("{parent},{}", self.base) };
        let dn = format!("OU=Test {},{parent}", Uuid::new_v4());
        self.change(&format!("dn: {dn}\nchangetype: add\nobjectClass: organizationalUnit\n"));
        Unit { forest: self, dn }
    }

    /// The objects of a type as the database of the domain controller holds them.
    fn stored(&self, filter: &str) -> BTreeSet<Vec<u8>> {
        let output =
            Command::new("ldbsearch").args(["-H", &self.sam_file, "-b", &self.base, filter, "objectGUID"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .filter_map(|line| line.strip_prefix("objectGUID: "))
            .map(|guid| Uuid::parse_str(guid).unwrap().to_bytes_le().to_vec())
            .collect()
    }
}

/// A container that goes with the test.
struct Unit<'a> {
    forest: &'a Forest,
    dn: String,
}

impl Drop for Unit<'_> {
    fn drop(&mut self) {
        // A failure here may follow another one, which says more.
        let removed = std::panic::catch_unwind(|| self.forest.tool("ldapdelete", &["-r", &self.dn], ""));
        assert!(removed.is_ok() || std::thread::panicking(), "{} could not be removed", self.dn);
    }
}

/// Reads everything asked for; no entry may be faulty.
fn import(connector: &mut ActiveDirectoryConnector, request: &ImportRequest) -> Vec<ImportEntry> {
    let mut entries = Vec::new();
    let summary = connector
        .import(request, &mut |item| {
            match item {
                ImportItem::Entry(entry) => entries.push(entry),
                ImportItem::Filtered { .. } => {}
                other => panic!("{other:?}"),
            }
            true
        })
        .unwrap();
    assert!(summary.server.is_some() && summary.watermark.is_some() && summary.warnings.is_empty(), "{summary:?}");
    entries
}

/// In an order that does not depend on the server.
fn sorted(mut entries: Vec<ImportEntry>) -> Vec<ImportEntry> {
    entries.sort_by(|a, b| a.anchor.0.cmp(&b.anchor.0));
    entries
}

fn names(entries: &[ImportEntry]) -> BTreeSet<&str> {
    entries.iter().map(|entry| entry.dn.as_str()).collect()
}

fn find<'a>(entries: &'a [ImportEntry], rdn: &str) -> &'a ImportEntry {
    entries.iter().find(|entry| entry.dn.starts_with(&format!("{rdn},"))).unwrap_or_else(|| panic!("{rdn} is missing"))
}

fn text(value: &str) -> EntryValue {
    EntryValue::Text(value.to_owned())
}

/// Trap R3.
#[test]
fn the_schema_holds_the_types_and_attributes_of_the_forest() {
    let Some(forest) = forest("the_schema_holds_the_types_and_attributes_of_the_forest") else { return };
    let schema = forest.open(forest.settings(ConnectionSecurity::Ldaps)).unwrap().schema().unwrap();
    let mut expected: BTreeSet<&str> = TYPES.iter().map(|(name, _)| *name).collect();
    expected.insert("msDS-Device");
    assert_eq!(schema.types().collect::<BTreeSet<_>>(), expected);
    let check = |object_type: &str, attribute: &str, value_type: ValueType, multi_valued: bool| {
        let found = schema.attribute_of(object_type, attribute).unwrap_or_else(|| panic!("{object_type} lacks {attribute}"));
        assert_eq!((found.value_type, found.multi_valued), (value_type, multi_valued), "{attribute}");
    };
    check("user", "sAMAccountName", ValueType::String, false);
    check("user", "userPrincipalName", ValueType::String, false);
    check("user", "proxyAddresses", ValueType::String, true);
    check("user", "manager", ValueType::Reference, false);
    check("user", "userAccountControl", ValueType::Integer, false);
    check("user", "accountExpires", ValueType::Integer, false);
    check("user", "thumbnailPhoto", ValueType::Binary, false);
    check("user", "userCertificate", ValueType::Binary, true);
    check("user", "objectSid", ValueType::Binary, false);
    check("user", "mS-DS-ConsistencyGuid", ValueType::Binary, false);
    check("user", "showInAdvancedViewOnly", ValueType::Boolean, false);
    check("user", "whenCreated", ValueType::String, false);
    check("inetOrgPerson", "employeeNumber", ValueType::String, false);
    check("computer", "dNSHostName", ValueType::String, false);
    check("group", "member", ValueType::Reference, true);
    check("group", "groupType", ValueType::Integer, false);
    check("contact", "mail", ValueType::String, false);
    check("organizationalUnit", "ou", ValueType::String, true);
    check("foreignSecurityPrincipal", "objectSid", ValueType::Binary, false);
    assert!(schema.attribute_of("contact", "userAccountControl").is_none());
    // Would make every search of the domain fail.
    assert!(schema.attribute("tokenGroups").is_none());
}

#[test]
fn partitions_are_told_with_the_names_of_domain_and_forest() {
    let Some(forest) = forest("partitions_are_told_with_the_names_of_domain_and_forest") else { return };
    let mut connector = forest.open(forest.settings(ConnectionSecurity::Ldaps)).unwrap();
    assert!(connector.facts().active_directory && connector.facts().offers_dir_sync);
    let partitions = connector.partitions().unwrap();
    let domains: Vec<_> = partitions.iter().filter(|partition| partition.domain).collect();
    assert_eq!(domains.len(), 1);
    assert_eq!(domains[0].name, forest.base);
    assert_eq!(domains[0].dns_name.as_deref(), Some(forest.domain.as_str()));
    assert_eq!(domains[0].netbios_name.as_deref(), Some(forest.netbios.as_str()));
    assert_eq!(domains[0].forest_dns_name.as_deref(), Some(forest.domain.as_str()));
    assert_eq!(domains[0].forest_netbios_name.as_deref(), Some(forest.netbios.as_str()));
    let head = forest.stored("(objectClass=domainDNS)");
    assert_eq!(domains[0].directory_id.map(|id| id.to_bytes_le().to_vec()), head.into_iter().next());
    let other: Vec<&str> = partitions.iter().filter(|partition| !partition.domain).map(|p| p.name.as_str()).collect();
    assert!(other.contains(&format!("CN=Configuration,{}", forest.base).as_str()), "{other:?}");
}

#[test]
fn a_full_import_gives_exactly_the_objects_of_the_directory() {
    let Some(forest) = forest("a_full_import_gives_exactly_the_objects_of_the_directory") else { return };
    let mut connector = forest.open(forest.settings(ConnectionSecurity::Ldaps)).unwrap();
    let schema = Arc::new(connector.schema().unwrap());
    let entries = import(&mut connector, &forest.request(&schema));
    let mut found: BTreeMap<&str, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for entry in &entries {
        assert!(found.entry(&entry.object_type).or_default().insert(entry.anchor.0.clone()), "{} came twice", entry.dn);
    }
    for (object_type, filter) in TYPES {
        let stored = forest.stored(filter);
        assert!(!stored.is_empty(), "{object_type}");
        assert_eq!(found.remove(object_type).unwrap_or_default(), stored, "{object_type}");
    }
    assert!(found.is_empty(), "{:?}", found.keys());

    // The same in small pages, where the last one is full or empty.
    let mut request = forest.request(&schema);
    request.object_types = vec!["organizationalUnit".to_owned()];
    let units = import(&mut connector, &request);
    for page_size in [1, u32::try_from(units.len()).unwrap()] {
        request.page_size = page_size;
        assert_eq!(import(&mut connector, &request), units);
    }
}

#[test]
fn values_arrive_as_the_directory_holds_them() {
    let Some(forest) = forest("values_arrive_as_the_directory_holds_them") else { return };
    let mut connector = forest.open(forest.settings(ConnectionSecurity::Ldaps)).unwrap();
    let schema = Arc::new(connector.schema().unwrap());
    let entries = import(&mut connector, &forest.request(&schema));
    let people = format!("OU=People,{}", forest.base);

    let person = find(&entries, "CN=Jürgen Müller");
    assert_eq!(person.dn, format!("CN=Jürgen Müller,OU=Zürich,{people}"));
    assert_eq!((person.object_type.as_str(), person.partial), ("user", false));
    let check = |entry: &ImportEntry, attribute: &str, expected: &[EntryValue]| {
        assert_eq!(entry.attributes.get(attribute).map(Vec::as_slice), Some(expected), "{}: {attribute}", entry.dn);
    };
    check(person, "sAMAccountName", &[text("juergen.mueller")]);
    check(person, "userPrincipalName", &[text("juergen.mueller@contoso.test")]);
    check(person, "displayName", &[text("Jürgen Müller")]);
    check(person, "sn", &[text("Müller")]);
    check(person, "title", &[text("Head of Engineering")]);
    check(person, "employeeID", &[text("1002")]);
    check(person, "userAccountControl", &[EntryValue::Integer(512)]);
    check(person, "manager", &[EntryValue::Reference(format!("CN=Claudia Keller,OU=Berlin,{people}"))]);
    let addresses: BTreeSet<_> = person.attributes["proxyAddresses"].iter().cloned().collect();
    assert_eq!(addresses, BTreeSet::from([text("SMTP:juergen.mueller@contoso.test"), text("smtp:p1002@contoso.test")]));
    assert!(
        matches!(&person.attributes["whenCreated"][..], [EntryValue::Text(time)] if time.ends_with(".0Z") && time.len() == 17)
    );
    assert!(matches!(&person.attributes["objectSid"][..], [EntryValue::Binary(sid)] if sid.len() == 28));
    assert!(!person.attributes.contains_key("objectClass") && !person.attributes.contains_key("thumbnailPhoto"));

    let head = find(&entries, "CN=Claudia Keller");
    assert!(!head.attributes.contains_key("manager"));
    assert!(matches!(&head.attributes["thumbnailPhoto"][..], [EntryValue::Binary(photo)] if photo.starts_with(b"\x89PNG")));
    check(find(&entries, "CN=花子 𠮷田"), "sn", &[text("𠮷田")]);
    assert_eq!(find(&entries, "CN=Doe\\, Jane").dn, format!("CN=Doe\\, Jane,OU=Berlin,{people}"));
    assert_eq!(find(&entries, "CN=Erika Mustermann").object_type, "inetOrgPerson");
    check(find(&entries, "CN=Administrator"), "isCriticalSystemObject", &[EntryValue::Boolean(true)]);

    let partners = format!("OU=Partners,{}", forest.base);
    let contacts: BTreeSet<_> = entries
        .iter()
        .filter(|entry| entry.dn.ends_with(&format!(",{partners}")))
        .flat_map(|entry| entry.attributes["displayName"].clone())
        .collect();
    let expected = [
        "Ümit Özdemir",
        "株式会社テスト",
        "Smith, Sons + Co",
        "The \"Best\" <Partner>",
        "#1 Supplier",
        "Ольга Петрова",
        "Accounts \\ Payable",
    ];
    assert_eq!(contacts, expected.map(text).into());

    let everyone = find(&entries, "CN=GG All Employees");
    check(everyone, "groupType", &[EntryValue::Integer(-2_147_483_646)]);
    let groups = format!("OU=Groups,{}", forest.base);
    let mut members: BTreeSet<_> = ["Engineering", "Finance", "Sales", "Human Resources", "Operations"]
        .map(|name| EntryValue::Reference(format!("CN=GG {name},{groups}")))
        .into();
    members.insert(EntryValue::Reference(head.dn.clone()));
    assert_eq!(everyone.attributes["member"].iter().cloned().collect::<BTreeSet<_>>(), members);
    assert!(!find(&entries, "CN=GG Empty").attributes.contains_key("member"));
    let share = &find(&entries, "CN=DL Finance Share").attributes["member"];
    let foreign = find(&entries, "CN=S-1-5-21-1004336348-1177238915-682003330-1104");
    assert!(share.contains(&EntryValue::Reference(foreign.dn.clone())), "{share:?}");

    // More members than one answer holds: read piece by piece.
    let bulk: BTreeSet<_> = find(&entries, "CN=UG Bulk").attributes["member"].iter().collect();
    let expected: BTreeSet<_> = entries
        .iter()
        .filter(|entry| entry.dn.starts_with("CN=Bulk Contact "))
        .map(|entry| EntryValue::Reference(entry.dn.clone()))
        .collect();
    assert_eq!(bulk.len(), 5_000);
    assert_eq!(bulk, expected.iter().collect());

    let computer = find(&entries, "CN=WS001");
    assert_eq!(computer.object_type, "computer");
    assert!(matches!(&computer.attributes["userCertificate"][..], [EntryValue::Binary(der)] if der.starts_with(&[0x30, 0x82])));
}

/// Trap B6.
#[test]
fn start_tls_and_plain_give_the_same_as_ldaps() {
    let Some(forest) = forest("start_tls_and_plain_give_the_same_as_ldaps") else { return };
    let read = |security: ConnectionSecurity| {
        let mut connector = forest.open(forest.settings(security)).unwrap();
        let schema = Arc::new(connector.schema().unwrap());
        import(&mut connector, &forest.request(&schema))
    };
    let expected = read(ConnectionSecurity::Ldaps);
    assert!(expected.len() > 5_000);
    assert_eq!(read(ConnectionSecurity::StartTls), expected);
    assert_eq!(read(ConnectionSecurity::Plain), expected);
}

/// Trap B9: a container that is gone.
#[test]
fn containers_are_included_and_excluded() {
    let Some(forest) = forest("containers_are_included_and_excluded") else { return };
    let mut connector = forest.open(forest.settings(ConnectionSecurity::Ldaps)).unwrap();
    let schema = Arc::new(connector.schema().unwrap());
    let all = import(&mut connector, &forest.request(&schema));
    let people = format!("OU=People,{}", forest.base);
    let mut check = |include: &[&str], exclude: &[&str], selected: &dyn Fn(&str) -> bool| {
        let parse = |list: &[&str]| list.iter().map(|ou| Dn::parse(&format!("{ou}{}", forest.base)).unwrap()).collect();
        let request = ImportRequest { include: parse(include), exclude: parse(exclude), ..forest.request(&schema) };
        let found = import(&mut connector, &request);
        let expected: BTreeSet<&str> = names(&all).into_iter().filter(|dn| selected(dn)).collect();
        assert!(!expected.is_empty());
        assert_eq!(names(&found), expected, "{include:?} {exclude:?}");
        assert_eq!(found.len(), expected.len(), "an object came twice");
    };
    check(&["OU=People,"], &[], &|dn| dn.ends_with(&people));
    check(&[""], &["OU=People,"], &|dn| !dn.ends_with(&people));
    check(&[], &["ou=people,"], &|dn| !dn.ends_with(&people));
    check(&["OU=Zürich,OU=People,", "OU=People,"], &["OU=Berlin,OU=People,"], &|dn| {
        dn.ends_with(&people) && !dn.ends_with(&format!("OU=Berlin,{people}"))
    });
    check(&["OU=Zürich,OU=People,", "OU=Groups,"], &["", "OU=People,"], &|dn| {
        dn.ends_with(&format!("OU=Zürich,{people}")) || dn.ends_with(&format!("OU=Groups,{}", forest.base))
    });

    // A container that was renamed must not look like the deletion of all that it held.
    let gone =
        ImportRequest { include: vec![Dn::parse(&format!("OU=Gone,{}", forest.base)).unwrap()], ..forest.request(&schema) };
    let error = connector.import(&gone, &mut |_| true).unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::PartitionMissing, "{error}");
    assert!(error.message.contains("OU=Gone") && error.message.contains("containers"), "{error}");
    let elsewhere = ImportRequest { partition: "CN=Elsewhere".to_owned(), ..forest.request(&schema) };
    let error = connector.import(&elsewhere, &mut |_| true).unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::PartitionMissing, "{error}");
}

#[test]
fn only_wanted_types_and_attributes_come() {
    let Some(forest) = forest("only_wanted_types_and_attributes_come") else { return };
    let mut connector = forest.open(forest.settings(ConnectionSecurity::Ldaps)).unwrap();
    let schema = Arc::new(connector.schema().unwrap());
    let mut request = forest.request(&schema);
    request.object_types = vec!["user".to_owned()];
    request.attributes = vec!["MAIL".to_owned(), "objectGUID".to_owned()];
    let users = import(&mut connector, &request);
    assert_eq!(users.len(), forest.stored(TYPES[8].1).len());
    for user in &users {
        assert_eq!(user.object_type, "user", "{}", user.dn);
        assert_eq!(user.attributes["objectGUID"], [EntryValue::Binary(user.anchor.0.clone())]);
        assert!(user.attributes.keys().all(|name| name == "mail" || name == "objectGUID"), "{:?}", user.attributes);
    }
}

#[test]
fn an_import_stops_when_asked_and_the_connector_stays_usable() {
    let Some(forest) = forest("an_import_stops_when_asked_and_the_connector_stays_usable") else { return };
    let mut connector = forest.open(forest.settings(ConnectionSecurity::Ldaps)).unwrap();
    let schema = Arc::new(connector.schema().unwrap());
    let request = forest.request(&schema);
    let mut seen = 0;
    let stopped = connector.import(&request, &mut |_| {
        seen += 1;
        seen < 5
    });
    assert_eq!((stopped.unwrap_err().kind, seen), (ConnectorErrorKind::Cancelled, 5));
    let cancelled = connector.import(&request, &mut |_| {
        seen += 1;
        if seen == 10 {
            request.cancel.cancel();
        }
        true
    });
    assert_eq!((cancelled.unwrap_err().kind, seen), (ConnectorErrorKind::Cancelled, 10));
    assert!(!import(&mut connector, &forest.request(&schema)).is_empty());
}

/// Traps B2, B8.
#[test]
fn refused_sign_ins_are_explained() {
    let Some(forest) = forest("refused_sign_ins_are_explained") else { return };
    let settings = forest.settings(ConnectionSecurity::Ldaps);
    let error = ActiveDirectoryConnector::open(settings, SecretString::from("not-the-password".to_owned())).unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::Credentials, "{error}");
    for part in [&forest.host, &forest.user, "password is wrong", "data 52e"] {
        assert!(error.message.contains(part), "{error} lacks {part}");
    }
    assert!(!format!("{error:?}").contains("not-the-password"));
    let settings = forest.settings(ConnectionSecurity::Ldaps);
    let error = ActiveDirectoryConnector::open(settings, SecretString::from(String::new())).unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::Credentials, "an empty password would sign in nobody");
}

/// Trap B1.
#[test]
fn every_form_of_the_account_name_signs_in() {
    let Some(forest) = forest("every_form_of_the_account_name_signs_in") else { return };
    let account = forest.user.split('@').next().unwrap().to_owned();
    let dn = format!("CN={account},OU=Service Accounts,{}", forest.base);
    let names = [format!("{}\\{account}", forest.netbios), format!("{account}@{}", forest.netbios), dn, forest.user.clone()];
    for user in names {
        let settings = ActiveDirectorySettings { user: user.clone(), ..forest.settings(ConnectionSecurity::Ldaps) };
        assert!(forest.open(settings).unwrap().facts().active_directory, "{user}");
    }
    let bare = ActiveDirectorySettings { user: account, ..forest.settings(ConnectionSecurity::Ldaps) };
    assert_eq!(forest.open(bare).unwrap_err().kind, ConnectorErrorKind::Credentials);
}

#[test]
fn containers_are_listed_one_level_at_a_time() {
    let Some(forest) = forest("containers_are_listed_one_level_at_a_time") else { return };
    let mut connector = forest.open(forest.settings(ConnectionSecurity::Ldaps)).unwrap();
    let mut below = |name: &str| {
        let found = connector.containers(&forest.base, name).unwrap();
        assert!(!found.whole, "what lies below them is asked for when it is opened");
        found.names.iter().map(|name| name.split(',').next().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let top = below(&forest.base);
    for name in ["OU=People", "OU=Groups", "OU=Bulk", "CN=Users", "CN=Builtin", "CN=LostAndFound", "OU=Domain Controllers"] {
        assert!(top.contains(name), "{top:?} lacks {name}");
    }
    assert!(!top.contains("OU=Berlin"), "only the next level");
    let sites = below(&format!("OU=People,{}", forest.base));
    assert_eq!(sites, ["OU=Berlin", "OU=Hafencity", "OU=Leavers", "OU=Tokyo", "OU=Zürich"].map(str::to_owned).into());
    assert_eq!(below(&format!("OU=Berlin,OU=People,{}", forest.base)), BTreeSet::new());
    let missing = connector.containers(&forest.base, &format!("OU=Nowhere,{}", forest.base)).unwrap_err();
    assert_eq!(missing.kind, ConnectorErrorKind::PartitionMissing, "{missing}");
}

#[test]
fn untrusted_certificates_are_explained() {
    let Some(forest) = forest("untrusted_certificates_are_explained") else { return };
    let folder = tempfile::tempdir().unwrap();
    let unrelated = folder.path().join("unrelated.pem");
    std::fs::write(&unrelated, UNRELATED_AUTHORITY).unwrap();
    let host = forest.host.as_str();
    for security in [ConnectionSecurity::Ldaps, ConnectionSecurity::StartTls] {
        forest.check_refused(
            |settings| {
                settings.ca_file = Some(unrelated.clone());
                settings.security = security;
            },
            ConnectorErrorKind::Certificate,
            &["not trusted", "unrelated.pem", "set the CA file"],
        );
        forest.check_refused(
            |settings| {
                settings.servers = vec!["dc9.elsewhere.test".to_owned()];
                settings.security = security;
            },
            ConnectorErrorKind::Certificate,
            &["not valid for dc9.elsewhere.test", host],
        );
    }
}

#[test]
fn servers_that_cannot_be_reached_are_explained() {
    let Some(forest) = forest("servers_that_cannot_be_reached_are_explained") else { return };
    let closed = TcpListener::bind((forest.address.as_str(), 0)).unwrap().local_addr().unwrap().port();
    let server = format!("{}:{closed}", forest.host);
    forest.check_refused(|settings| settings.servers = vec![server.clone()], ConnectorErrorKind::Connection, &["check the port"]);
    // LDAPS to the port that waits for StartTLS.
    let unencrypted = format!("{}:389", forest.host);
    forest.check_refused(|settings| settings.servers = vec![unencrypted], ConnectorErrorKind::Connection, &["TLS"]);
    // The second server answers.
    let settings = ActiveDirectorySettings {
        servers: vec![format!("{}:{closed}", forest.address), forest.address.clone()],
        address: None,
        ..forest.settings(ConnectionSecurity::Ldaps)
    };
    assert_eq!(forest.open(settings).unwrap().facts().server, format!("{}:636", forest.address));
}

#[test]
fn another_forest_than_the_named_one_is_refused() {
    let Some(forest) = forest("another_forest_than_the_named_one_is_refused") else { return };
    let settings = ActiveDirectorySettings { forest: "contoso.test".to_owned(), ..forest.settings(ConnectionSecurity::Ldaps) };
    let mut connector = forest.open(settings).unwrap();
    for error in [connector.schema().unwrap_err(), connector.partitions().unwrap_err()] {
        assert_eq!(error.kind, ConnectorErrorKind::Configuration, "{error}");
        assert!(error.message.contains(&forest.domain) && error.message.contains("contoso.test"), "{error}");
    }
}
