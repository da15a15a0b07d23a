//! Two real forests (`fixtures/samba.sh`) in one metaverse and one tenant: the topologies of `engine.md` 10.
//!
//! `corp` is the account forest and has no Exchange schema, `fabrikam` the resource forest that has one.
//! Reads `SYNCLINE_TEST_AD_*` and `SYNCLINE_TEST_AD2_*`; without them every test says that it was skipped, unless
//! `SYNCLINE_REQUIRE_SERVERS=1` demands the servers. Every test works below containers of its own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic, its helpers too")]

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::SecretString;
use syncline_engine::connector::ConnectorErrorKind;
use syncline_engine::connector::active_directory::{ActiveDirectoryConnector, ActiveDirectorySettings, ConnectionSecurity};
use syncline_engine::model::ObjectOperation;
use syncline_engine::rules::UserMatch;
use syncline_engine::service::{CsScope, CsSearch, Engine, EngineOptions, MvSearch, OperationFilter, RunDetails};
use syncline_engine::setup::{NewDirectory, RuleChoices};
use syncline_tests::forest::Forest;
use tempfile::TempDir;
use uuid::Uuid;

const TENANT: &str = "contoso.onmicrosoft.com - AAD";

/// Both fixtures, with a container in each that goes with the test.
struct Forests {
    corp: Forest,
    fabrikam: Forest,
    /// Part of the names of this test's objects.
    tag: String,
}

impl Forests {
    /// `None` after saying that the test is skipped.
    fn read(test: &str) -> Option<Self> {
        let both = Forest::read("SYNCLINE_TEST_AD_").zip(Forest::read("SYNCLINE_TEST_AD2_"));
        let Some((corp, fabrikam)) = both else {
            let required = std::env::var("SYNCLINE_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
            let missing = "SYNCLINE_TEST_AD_* or SYNCLINE_TEST_AD2_* is not set, see fixtures/with-servers.sh";
            assert!(!required, "{test} needs two domain controllers: {missing}");
            println!("{test} was skipped: {missing}");
            return None;
        };
        let forests = Self { corp, fabrikam, tag: Uuid::new_v4().simple().to_string()[..8].to_owned() };
        for forest in [&forests.corp, &forests.fabrikam] {
            forest.change(&format!("dn: {}\nchangetype: add\nobjectClass: organizationalUnit\n", forests.unit(forest))).unwrap();
        }
        Some(forests)
    }

    fn unit(&self, forest: &Forest) -> String {
        format!("OU=Test {},{}", self.tag, forest.base)
    }

    /// LDIF with the container for `$U` and this test's part of names for `$T`.
    fn filled(&self, forest: &Forest, ldif: &str) -> String {
        ldif.replace("$U", &self.unit(forest)).replace("$T", &self.tag)
    }

    fn corp(&self, ldif: &str) {
        self.corp.change(&self.filled(&self.corp, ldif)).unwrap();
    }

    fn fabrikam(&self, ldif: &str) {
        self.fabrikam.change(&self.filled(&self.fabrikam, ldif)).unwrap();
    }

    /// The value of an attribute of one object of the account forest.
    fn of_corp(&self, name: &str, attribute: &str) -> Vec<u8> {
        self.value(&self.corp, name, attribute)
    }

    fn of_fabrikam(&self, name: &str, attribute: &str) -> Vec<u8> {
        self.value(&self.fabrikam, name, attribute)
    }

    fn value(&self, forest: &Forest, name: &str, attribute: &str) -> Vec<u8> {
        let mut values = forest.values(&self.unit(forest), &format!("(cn={name})"), attribute).unwrap();
        assert_eq!(values.len(), 1, "{name}, {attribute}");
        values.pop_first().unwrap()
    }
}

impl Drop for Forests {
    fn drop(&mut self) {
        for forest in [&self.corp, &self.fabrikam] {
            // A failure here may follow another one, which says more.
            let removed = forest.remove(&self.unit(forest));
            assert!(removed.is_ok() || std::thread::panicking(), "{removed:?}");
        }
    }
}

/// A data folder with both forests, of which the test's containers are read, and a tenant.
struct World<'a> {
    forests: &'a Forests,
    engine: Engine,
    _folder: TempDir,
}

impl<'a> World<'a> {
    fn new(forests: &'a Forests, user_match: UserMatch) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::create(&folder.path().join("data"), EngineOptions::default()).unwrap();
        {
            let mut writer = engine.database().writer();
            let transaction = writer.transaction().unwrap();
            RuleChoices { user_match, ..RuleChoices::default() }.save(&transaction).unwrap();
            transaction.commit().unwrap();
        }
        for forest in [&forests.corp, &forests.fabrikam] {
            let password = SecretString::from(forest.password.clone());
            engine.add_directory(NewDirectory::active_directory(&forest.domain, &forest.settings(), password).unwrap()).unwrap();
            let foreign = format!("CN=ForeignSecurityPrincipals,{}", forest.base);
            engine
                .choose_containers(&forest.domain, None, &[forests.unit(forest), foreign], std::slice::from_ref(&forest.base))
                .unwrap();
        }
        engine.add_sandbox("contoso", &["contoso.test".to_owned()]).unwrap();
        Self { forests, engine, _folder: folder }
    }

    /// Runs a profile that must succeed.
    fn run(&self, connector: &str, profile: &str) -> RunDetails {
        let details = self.engine.start_run(connector, profile).unwrap().wait().unwrap();
        assert_eq!(details.summary.status, "success", "{connector}, {profile}: {:?}", details.step_details);
        details
    }

    /// Imports the tenant and both forests and synchronizes these in this order; nothing is exported.
    fn arrive(&self, order: [&Forest; 2]) {
        for connector in [TENANT, &order[0].domain, &order[1].domain] {
            self.run(connector, "Full Import");
        }
        for forest in order {
            self.run(&forest.domain, "Full Synchronization");
        }
    }

    /// Persons of the metaverse by display name, with the forests that they are joined in.
    fn people(&self) -> BTreeMap<String, Vec<String>> {
        let search = MvSearch { object_type: Some("person".into()), limit: 1_000, ..MvSearch::default() };
        let found = self.engine.search_metaverse(&search).unwrap();
        let mut people = BTreeMap::new();
        for hit in found.rows {
            let object = self.engine.mv_object(hit.guid).unwrap();
            let mut forests: Vec<String> = object.connector_details.iter().map(|detail| detail.connector_name.clone()).collect();
            forests.retain(|name| name != TENANT);
            people.entry(self.plain(&hit.display_name)).or_insert_with(Vec::new).extend(forests);
        }
        people
    }

    /// A name without the part that makes it this test's.
    fn plain(&self, text: &str) -> String {
        text.replace(&self.forests.tag, "")
    }

    /// What waits for the tenant: by display name, operation and values; references by display name too.
    fn staged(&self) -> BTreeMap<String, Staged> {
        let tenant = self.engine.connector(TENANT).unwrap();
        let rows = self.engine.pending_exports(tenant.id, OperationFilter::ALL, 0, 1_000).unwrap().rows;
        let name_of = |guid: Uuid| {
            let object = self.engine.cs_object(guid).unwrap();
            let staged = rows.iter().find(|row| row.hit.guid == guid).map(|row| &row.layer);
            let layers = [Some(&object.import), staged].into_iter().flatten();
            let names = layers.flat_map(|layer| &layer.attributes).filter(|attribute| attribute.name == "displayName");
            names.flat_map(|name| &name.new).last().map_or(object.dn.clone(), |value| self.plain(&value.text))
        };
        let mut staged = BTreeMap::new();
        for row in &rows {
            let attributes = row.layer.attributes.iter().map(|change| {
                let text = |value: &syncline_engine::service::ValueView| match value.cs_target {
                    Some(target) => name_of(target),
                    None => self.plain(&value.text),
                };
                (change.name.clone(), change.new.iter().map(text).collect())
            });
            let one = Staged {
                operation: row.hit.pending_export,
                object_type: row.hit.object_type.clone(),
                values: attributes.collect(),
            };
            assert!(staged.insert(name_of(row.hit.guid), one).is_none(), "{row:?} is there twice");
        }
        staged
    }

    /// Exports and sees it confirmed; gives adds, updates and deletes.
    fn export(&self) -> [u64; 3] {
        let exported = self.run(TENANT, "Export").summary;
        self.run(TENANT, "Delta Import");
        self.run(TENANT, "Delta Synchronization");
        let tenant = self.engine.connector(TENANT).unwrap();
        assert_eq!(self.engine.pending_exports(tenant.id, OperationFilter::ALL, 0, 10).unwrap().rows, []);
        let scope = CsScope::AwaitingConfirmation;
        let search = CsSearch { connector: tenant.id, scope, text: String::new(), offset: 0, limit: 1 };
        assert_eq!(self.engine.search_connector_space(&search).unwrap().total, 0);
        [exported.adds, exported.updates, exported.deletes]
    }

    /// A cycle of changes in which all succeeds; gives what its export sent and sees it confirmed.
    fn delta(&self) -> [u64; 3] {
        for forest in [&self.forests.corp, &self.forests.fabrikam] {
            self.run(&forest.domain, "Delta Import");
        }
        for forest in [&self.forests.corp, &self.forests.fabrikam] {
            self.run(&forest.domain, "Delta Synchronization");
        }
        self.export()
    }

    /// The values that an object of the tenant has now; references by display name.
    fn in_tenant(&self, name: &str, attribute: &str) -> BTreeSet<String> {
        let tenant = self.engine.connector(TENANT).unwrap();
        let search = CsSearch { connector: tenant.id, scope: CsScope::All, text: String::new(), offset: 0, limit: 1_000 };
        let rows = self.engine.search_connector_space(&search).unwrap().rows;
        let guid =
            rows.iter().find(|row| self.plain(&row.display_name) == name).unwrap_or_else(|| panic!("{name} is missing")).guid;
        let object = self.engine.cs_object(guid).unwrap();
        let values = object.import.attributes.iter().find(|found| found.name == attribute).map(|found| found.new.clone());
        let text = |value: syncline_engine::service::ValueView| match value.cs_target {
            Some(target) => rows.iter().find(|row| row.guid == target).map(|row| self.plain(&row.display_name)).unwrap(),
            None => self.plain(&value.text),
        };
        values.into_iter().flatten().map(text).collect()
    }
}

/// What waits for one object of the tenant.
#[derive(Debug)]
struct Staged {
    operation: ObjectOperation,
    object_type: String,
    values: BTreeMap<String, BTreeSet<String>>,
}

impl Staged {
    fn check(&self, attribute: &str, expected: &[&str]) {
        let found: Vec<&str> = self.values.get(attribute).into_iter().flatten().map(String::as_str).collect();
        assert_eq!(found, expected, "{attribute} of {self:?}");
    }
}

/// Names and types of what is added.
fn added(staged: &BTreeMap<String, Staged>) -> Vec<(&str, &str)> {
    assert!(staged.values().all(|one| one.operation == ObjectOperation::Add), "{staged:?}");
    staged.iter().map(|(name, one)| (name.as_str(), one.object_type.as_str())).collect()
}

fn joined(expected: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    expected.iter().map(|(name, forests)| ((*name).to_owned(), forests.iter().map(ToString::to_string).collect())).collect()
}

#[test]
fn users_and_contacts_of_both_forests_are_one_person_by_mail() {
    let Some(forests) = Forests::read("users_and_contacts_of_both_forests_are_one_person_by_mail") else { return };
    // Ada works in the one forest, Cy in the other; each is a contact where the other one works. Bo has an account
    // in both, and uses one. Di is a contact of both and works in neither.
    forests.corp(
        "dn: CN=Cy contact,$U\nchangetype: add\nobjectClass: contact\ndisplayName: Cy$T\nmail: cy.$T@contoso.test\n\n\
         dn: CN=Di,$U\nchangetype: add\nobjectClass: contact\ndisplayName: Di$T\nmail: di.$T@partner.test\n\n\
         dn: CN=Ada,$U\nchangetype: add\nobjectClass: user\nsAMAccountName: ada$T\nuserPrincipalName: ada.$T@contoso.test\n\
         displayName: Ada$T\nmail: ada.$T@contoso.test\nuserAccountControl: 544\nmanager: CN=Cy contact,$U\n\n\
         dn: CN=Bo,$U\nchangetype: add\nobjectClass: user\nsAMAccountName: bo$T\nuserPrincipalName: bo.$T@contoso.test\n\
         displayName: Bo$T\nmail: bo.$T@contoso.test\nuserAccountControl: 544\n\n\
         dn: CN=Staff,$U\nchangetype: add\nobjectClass: group\ndisplayName: Staff$T\nsAMAccountName: staff$T\n\
         member: CN=Ada,$U\nmember: CN=Bo,$U\nmember: CN=Cy contact,$U\n",
    );
    forests.fabrikam(
        "dn: CN=Ada contact,$U\nchangetype: add\nobjectClass: contact\ndisplayName: Ada contact$T\nmail: ADA.$T@contoso.test\n\n\
         dn: CN=Di,$U\nchangetype: add\nobjectClass: contact\ndisplayName: Di$T\nmail: di.$T@partner.test\n\n\
         dn: CN=Cy,$U\nchangetype: add\nobjectClass: user\nsAMAccountName: cy$T\nuserPrincipalName: cy.$T@contoso.test\n\
         displayName: Cy$T\nmail: cy.$T@contoso.test\nuserAccountControl: 544\nmailNickname: cy$T\n\
         extensionAttribute1: from Exchange\nmanager: CN=Ada contact,$U\n\n\
         dn: CN=Bo old,$U\nchangetype: add\nobjectClass: user\nsAMAccountName: bo$T\nuserPrincipalName: bo.old.$T@contoso.test\n\
         displayName: Bo old$T\nmail: bo.$T@contoso.test\nuserAccountControl: 546\n\n\
         dn: CN=List,$U\nchangetype: add\nobjectClass: group\ngroupType: 8\ndisplayName: List$T\nsAMAccountName: list$T\n\
         mail: list.$T@contoso.test\nproxyAddresses: SMTP:list.$T@contoso.test\nmailNickname: list$T\n\
         member: CN=Ada contact,$U\nmember: CN=Bo old,$U\nmember: CN=Cy,$U\nmember: CN=Di,$U\n",
    );
    let world = World::new(&forests, UserMatch::Mail);
    world.arrive([&forests.corp, &forests.fabrikam]);

    let (corp, fabrikam) = (forests.corp.domain.as_str(), forests.fabrikam.domain.as_str());
    let both: &[&str] = &[corp, fabrikam];
    assert_eq!(world.people(), joined(&[("Ada", both), ("Bo", both), ("Cy", both), ("Di", both)]));
    let staged = world.staged();
    let expected = [("Ada", "user"), ("Bo", "user"), ("Cy", "user"), ("Di", "contact"), ("List", "group"), ("Staff", "group")];
    assert_eq!(added(&staged), expected);
    // Anchor and sign-in come from where the account is used.
    let guid = |bytes: Vec<u8>| BASE64.encode(bytes);
    staged["Ada"].check("sourceAnchor", &[&guid(forests.of_corp("Ada", "objectGUID"))]);
    staged["Ada"].check("mail", &["ada.@contoso.test"]);
    staged["Bo"].check("sourceAnchor", &[&guid(forests.of_corp("Bo", "objectGUID"))]);
    staged["Bo"].check("userPrincipalName", &["bo.@contoso.test"]);
    staged["Bo"].check("accountEnabled", &["True"]);
    staged["Cy"].check("sourceAnchor", &[&guid(forests.of_fabrikam("Cy", "objectGUID"))]);
    staged["Cy"].check("extensionAttribute1", &["from Exchange"]);
    // References meet the person, whatever the forest that they were made in knows of it.
    staged["Ada"].check("manager", &["Cy"]);
    staged["Cy"].check("manager", &["Ada"]);
    staged["Staff"].check("member", &["Ada", "Bo", "Cy"]);
    staged["List"].check("member", &["Ada", "Bo", "Cy", "Di"]);
    assert_eq!(world.export(), [6, 0, 0]);

    forests.fabrikam("dn: CN=Cy,$U\nchangetype: modify\nreplace: title\ntitle: Ingénieure\n");
    assert_eq!(world.delta(), [0, 1, 0]);
    assert_eq!(world.in_tenant("Cy", "title"), BTreeSet::from(["Ingénieure".to_owned()]));

    // The contact goes, the person stays; what referred to the contact loses it.
    forests.corp("dn: CN=Cy contact,$U\nchangetype: delete\n");
    assert_eq!(world.delta(), [0, 2, 0]);
    assert_eq!(world.people()["Cy"], [fabrikam]);
    assert_eq!(world.in_tenant("Staff", "member"), BTreeSet::from(["Ada", "Bo"].map(str::to_owned)));
    assert!(world.in_tenant("Ada", "manager").is_empty());
    assert!(world.in_tenant("List", "member").contains("Cy"));

    // The account goes, and with it the person.
    forests.fabrikam("dn: CN=Cy,$U\nchangetype: delete\n");
    let [added, _, deleted] = world.delta();
    assert_eq!([added, deleted], [0, 1]);
    assert!(!world.people().contains_key("Cy"));
    assert_eq!(world.in_tenant("List", "member"), BTreeSet::from(["Ada", "Bo", "Di"].map(str::to_owned)));
    world.engine.shutdown();
}

#[test]
fn accounts_and_their_mailboxes_are_one_person_by_object_sid() {
    let Some(forests) = Forests::read("accounts_and_their_mailboxes_are_one_person_by_object_sid") else { return };
    forests.corp(
        "dn: CN=Ada,$U\nchangetype: add\nobjectClass: user\nsAMAccountName: ada$T\nuserPrincipalName: ada.$T@contoso.test\n\
         displayName: Ada$T\nuserAccountControl: 544\ntitle: of the account\n\n\
         dn: CN=Bo,$U\nchangetype: add\nobjectClass: user\nsAMAccountName: bo$T\nuserPrincipalName: bo.$T@contoso.test\n\
         displayName: Bo$T\nuserAccountControl: 544\nmanager: CN=Ada,$U\n",
    );
    let sid = |name: &str| BASE64.encode(forests.of_corp(name, "objectSid"));
    // Ada and Bo have linked mailboxes; the account of Cy's is in no forest; Di's mailbox is her own, and disabled.
    let linked = |name: &str, master: &str, more: &str| {
        let login = name.to_lowercase();
        format!(
            "dn: CN={name} mailbox,$U\nchangetype: add\nobjectClass: user\nsAMAccountName: {login}$T\n\
             userPrincipalName: {login}.mailbox.$T@fabrikam.test\ndisplayName: {name}$T\nuserAccountControl: 546\n\
             mail: {login}.$T@contoso.test\nproxyAddresses: SMTP:{login}.$T@contoso.test\nmailNickname: {login}$T\n\
             msExchRecipientTypeDetails: 2\nmsExchMasterAccountSid:: {master}\nextensionAttribute1: from Exchange\n{more}\n"
        )
    };
    let nobody = BASE64.encode([&[1u8, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0][..], &[7; 16]].concat());
    forests.fabrikam(
        &[
            linked("Ada", &sid("Ada"), "title: of the mailbox\n"),
            linked("Bo", &sid("Bo"), ""),
            linked("Cy", &nobody, ""),
            "dn: CN=Di,$U\nchangetype: add\nobjectClass: user\nsAMAccountName: di$T\nuserPrincipalName: di.$T@contoso.test\n\
             displayName: Di$T\nuserAccountControl: 546\nmail: di.$T@contoso.test\nmailNickname: di$T\n\
             msExchRecipientTypeDetails: 1\nmanager: CN=Ada mailbox,$U\n\n"
                .to_owned(),
            "dn: CN=List,$U\nchangetype: add\nobjectClass: group\ngroupType: 8\ndisplayName: List$T\nsAMAccountName: list$T\n\
             mail: list.$T@contoso.test\nproxyAddresses: SMTP:list.$T@contoso.test\nmailNickname: list$T\n\
             member: CN=Ada mailbox,$U\nmember: CN=Cy mailbox,$U\nmember: CN=Di,$U\n\n"
                .to_owned(),
            // An account of the other forest, by its identity: becomes a foreign security principal.
            format!(
                "dn: CN=Share,$U\nchangetype: add\nobjectClass: group\ngroupType: -2147483644\ndisplayName: Share$T\n\
                 sAMAccountName: share$T\nmember: <SID={}>\nmember: CN=Di,$U\n",
                hex(&forests.of_corp("Bo", "objectSid"))
            ),
        ]
        .concat(),
    );

    // Whichever forest comes first: the account finds the mailbox, or the mailbox the account.
    let (corp, fabrikam) = (&forests.corp, &forests.fabrikam);
    for order in [[fabrikam, corp], [corp, fabrikam]] {
        let world = World::new(&forests, UserMatch::ObjectSid);
        world.arrive(order);
        // What found nobody is looked at again by the next full synchronization of its own forest: the foreign
        // security principal, when it came before the account.
        world.run(&fabrikam.domain, "Full Synchronization");
        let both: &[&str] = &[&corp.domain, &fabrikam.domain];
        let people = world.people();
        assert_eq!(people["Ada"], both);
        assert_eq!(people["Cy"], [fabrikam.domain.as_str()]);
        assert_eq!(people["Di"], [fabrikam.domain.as_str()]);
        // Bo is joined by the foreign security principal as well.
        assert_eq!(people["Bo"], [&corp.domain, &fabrikam.domain, &fabrikam.domain].map(String::as_str));
        assert_eq!(people.len(), 4);

        let staged = world.staged();
        // A linked mailbox without an account never reaches the tenant, a disabled account does.
        assert_eq!(added(&staged), [("Ada", "user"), ("Bo", "user"), ("Di", "user"), ("List", "group"), ("Share", "group")]);
        let ada = &staged["Ada"];
        ada.check("sourceAnchor", &[&BASE64.encode(forests.of_corp("Ada", "objectGUID"))]);
        ada.check("userPrincipalName", &["ada.@contoso.test"]);
        ada.check("accountEnabled", &["True"]);
        ada.check("onPremisesSamAccountName", &["ada"]);
        ada.check("mail", &["ada.@contoso.test"]);
        ada.check("alias", &["ada"]);
        ada.check("extensionAttribute1", &["from Exchange"]);
        // What both forests say comes from where the mailbox is.
        ada.check("title", &["of the mailbox"]);
        let di = &staged["Di"];
        di.check("accountEnabled", &["False"]);
        di.check("sourceAnchor", &[&BASE64.encode(forests.of_fabrikam("Di", "objectGUID"))]);
        staged["Bo"].check("manager", &["Ada"]);
        di.check("manager", &["Ada"]);
        staged["List"].check("member", &["Ada", "Di"]);
        staged["Share"].check("member", &["Bo", "Di"]);
        assert_eq!(world.export(), [5, 0, 0]);
        world.engine.shutdown();
    }

    // An account that goes leaves the mailbox, which then is nobody's.
    let world = World::new(&forests, UserMatch::ObjectSid);
    world.arrive([corp, fabrikam]);
    world.export();
    forests.corp("dn: CN=Ada,$U\nchangetype: delete\n");
    let [added, _, deleted] = world.delta();
    assert_eq!([added, deleted], [0, 1]);
    assert_eq!(world.people()["Ada"], [fabrikam.domain.as_str()]);
    assert_eq!(world.in_tenant("List", "member"), BTreeSet::from(["Di".to_owned()]));
    world.engine.shutdown();
}

/// Bytes in hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_way_to_match_users_joins_what_it_says() {
    let Some(forests) = Forests::read("every_way_to_match_users_joins_what_it_says") else { return };
    // Of each pair one thing is equal: mail, account name, phone, nothing.
    let user = |name: &str, login: &str, more: &str| {
        format!(
            "dn: CN={name},$U\nchangetype: add\nobjectClass: user\nsAMAccountName: {login}$T\nuserAccountControl: 544\n\
             userPrincipalName: {login}.$T@contoso.test\ndisplayName: {name}$T\n{more}\n"
        )
    };
    forests.corp(
        &[
            user("Mail", "m1", "mail: m.$T@contoso.test\n"),
            user("Account", "a", ""),
            user("Phone", "p1", "telephoneNumber: +49 $T\n"),
            user("Alone", "n1", ""),
        ]
        .concat(),
    );
    forests.fabrikam(
        &[
            user("Mail", "m2", "mail: M.$T@contoso.test\n"),
            user("Account", "a", "").replace("a.$T@", "a2.$T@"),
            user("Phone", "p2", "telephoneNumber: +49 $T\n"),
            user("Alone", "n2", ""),
        ]
        .concat(),
    );
    let check = |user_match: UserMatch, expected: &[&str]| {
        let world = World::new(&forests, user_match.clone());
        world.arrive([&forests.corp, &forests.fabrikam]);
        let tenant = world.engine.connector(TENANT).unwrap();
        let staged = world.engine.pending_exports(tenant.id, OperationFilter::ALL, 0, 20).unwrap();
        let attributes = staged.rows.iter().flat_map(|row| &row.layer.attributes);
        let names = attributes.filter(|attribute| attribute.name == "displayName").flat_map(|attribute| &attribute.new);
        let mut names: Vec<String> = names.map(|value| world.plain(&value.text)).collect();
        names.sort();
        assert_eq!(names, expected, "{user_match:?}");
        world.engine.shutdown();
    };
    check(UserMatch::Once, &["Account", "Account", "Alone", "Alone", "Mail", "Mail", "Phone", "Phone"]);
    // Who lacks the attribute is not synchronized.
    check(UserMatch::Mail, &["Mail"]);
    check(UserMatch::ObjectSid, &["Account", "Account", "Alone", "Alone", "Mail", "Mail", "Phone", "Phone"]);
    check(UserMatch::AccountName, &["Account", "Alone", "Alone", "Mail", "Mail", "Phone", "Phone"]);
    check(UserMatch::Attribute("telephoneNumber".to_owned()), &["Phone"]);
}

/// Trap B4.
#[test]
fn a_forest_that_demands_encryption_says_so() {
    let Some(forests) = Forests::read("a_forest_that_demands_encryption_says_so") else { return };
    let forest = &forests.fabrikam;
    let open = |security: ConnectionSecurity| {
        let settings = ActiveDirectorySettings { security, ..forest.settings() };
        ActiveDirectoryConnector::open(settings, SecretString::from(forest.password.clone()))
    };
    let refused = open(ConnectionSecurity::Plain).unwrap_err();
    assert_eq!(refused.kind, ConnectorErrorKind::Configuration, "{refused}");
    assert!(refused.message.contains("choose LDAPS or StartTLS"), "{refused}");
    for security in [ConnectionSecurity::StartTls, ConnectionSecurity::Ldaps] {
        assert!(open(security).unwrap().facts().active_directory);
    }
}
