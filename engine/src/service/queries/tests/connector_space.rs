use super::{FOREST, TENANT, World, guid, link, texts, time};
use crate::model::{AttributeChange, CsId, ErrorCode, MvId, ObjectError, ObjectOperation};
use crate::rules::{Direction, LinkType};
use crate::service::queries::connector_space::{object, object_by_dn, search};
use crate::service::queries::pending::exports;
use crate::service::{CsConditions, CsScope, CsSearch, EngineError, OperationFilter, SearchClause, SearchOperator};
use crate::store::configuration::set_required;
use crate::store::connector_space::StoredError;

fn error(code: ErrorCode) -> StoredError {
    StoredError::after(None, ObjectError::new(code, "why"), time(60))
}

/// Every object is of its own kind, so that each scope finds other ones.
fn world() -> World {
    let mut world = World::new();
    world.cs(FOREST, "DC=x", |object| object.object_type = None);
    world.cs(FOREST, "OU=Staff,DC=x", |_| {});
    world.named_cs(FOREST, "CN=Ada,OU=Staff,DC=x", "Ada Lovelace", |object| {
        object.mv = Some(MvId(1));
        object.pending_import.operation = ObjectOperation::Add;
        object.anchor = Some(b"anchor-1".to_vec());
    });
    world.cs(FOREST, "CN=Bob\\, B,OU=Staff,DC=x", |object| {
        object.pending_import.operation = ObjectOperation::Update;
        object.pending_import.dn = Some("CN=Bob\\, B,OU=Staff,DC=x".to_owned());
        object.import_error = Some(error(ErrorCode::ERROR_FUNCTION_TRIGGERED));
    });
    world.named_cs(FOREST, "CN=Ada,DC=x", "Ärger 100%", |object| {
        object.pending_import.operation = ObjectOperation::Delete;
        object.unapplied.operation = ObjectOperation::Update;
        object.export_error = Some(error(ErrorCode::CD_ERROR));
    });
    world.cs(FOREST, "CN=adam,OU=Staff,DC=x", |object| {
        object.unapplied.operation = ObjectOperation::Add;
        object.unconfirmed.operation = ObjectOperation::Update;
        object.disconnected = Some(time(200));
    });
    world.cs(FOREST, "OU=Ada,OU=NotStaff,DC=x", |object| {
        object.unapplied.operation = ObjectOperation::DeleteAdd;
        object.disconnected = Some(time(100));
    });
    world.cs(FOREST, "CN=zoe,DC=x", |object| object.unapplied.operation = ObjectOperation::Delete);
    world.cs(TENANT, "CN=Ada,OU=Staff,DC=x", |_| {});
    world
}

const ADA: &str = "CN=Ada,OU=Staff,DC=x";
const ADA_TOP: &str = "CN=Ada,DC=x";
const ADA_OU: &str = "OU=Ada,OU=NotStaff,DC=x";
const ADAM: &str = "CN=adam,OU=Staff,DC=x";
const BOB: &str = "CN=Bob\\, B,OU=Staff,DC=x";
const STAFF: &str = "OU=Staff,DC=x";
const ZOE: &str = "CN=zoe,DC=x";

#[test]
fn every_scope_finds_its_objects_in_dn_order() {
    let world = world();
    let check = |scope: CsScope, text: &str, expected: &[&str]| {
        let wanted = CsSearch { connector: FOREST, scope, text: text.to_owned(), offset: 0, limit: 100 };
        let page = search(&world.reader(), &world.context(), &wanted, &CsConditions::default()).unwrap();
        let found: Vec<&str> = page.rows.iter().map(|hit| hit.dn.as_str()).collect();
        assert_eq!((found.as_slice(), page.total), (expected, expected.len() as u64), "{wanted:?}");
    };
    let all = [ADA_TOP, ADA, ADAM, BOB, ZOE, "DC=x", ADA_OU, STAFF];
    check(CsScope::All, "", &all);
    check(CsScope::All, " lovelace ", &[ADA]);
    check(CsScope::All, "ÄRGER", &[ADA_TOP]);
    check(CsScope::All, "100%", &[ADA_TOP]);
    check(CsScope::All, "%", &[ADA_TOP]);
    check(CsScope::All, "ada", &[ADA_TOP, ADA, ADAM, ADA_OU]);
    let under = |dn: &str, include_base| CsScope::SubTree { dn: dn.to_owned(), include_base };
    check(under("ou=staff, dc=X", false), "", &[ADA, ADAM, BOB]);
    check(under("ou=staff, dc=X", true), "", &[ADA, ADAM, BOB, STAFF]);
    check(under("", false), "", &all);
    check(under("OU=taff,DC=x", true), "", &[]);
    let rdn = |text: &str| CsScope::Rdn(text.to_owned());
    check(rdn("CN=Ada"), "", &[ADA_TOP, ADA]);
    check(rdn("ada"), "", &[ADA_TOP, ADA, ADA_OU]);
    check(rdn("ada*"), "", &[ADA_TOP, ADA, ADAM, ADA_OU]);
    check(rdn("cn=ADA*"), "", &[ADA_TOP, ADA, ADAM]);
    check(rdn("x"), "", &["DC=x"]);
    check(rdn("Bob, B"), "", &[BOB]);
    check(rdn("CN=Bob\\, B"), "", &[BOB]);
    check(rdn("Bob, *"), "", &[BOB]);
    check(rdn("CN=*"), "", &[ADA_TOP, ADA, ADAM, BOB, ZOE]);
    check(rdn("*"), "zoe", &[ZOE]);
    check(rdn("ad"), "", &[]);
    let identity = |text: &str| CsScope::DnOrAnchor(text.to_owned());
    check(identity("cn=ada,ou=STAFF,dc=x"), "", &[ADA]);
    check(identity("anchor-1"), "", &[ADA]);
    check(identity("YW5jaG9yLTE="), "", &[ADA]);
    check(identity("616e63686f722d31"), "", &[ADA]);
    check(identity(&guid(5).to_string()), "", &[ADA]);
    check(identity("nobody"), "", &[]);
    let only = |add, modify, delete| OperationFilter { add, modify, delete };
    check(CsScope::PendingImport(OperationFilter::ALL), "", &[ADA_TOP, ADA, BOB]);
    check(CsScope::PendingImport(only(true, false, false)), "", &[ADA]);
    check(CsScope::PendingImport(only(false, false, false)), "", &[]);
    check(CsScope::PendingExport(only(false, true, false)), "", &[ADA_TOP]);
    check(CsScope::PendingExport(only(false, false, true)), "", &[ZOE, ADA_OU]);
    check(CsScope::ImportError, "", &[BOB]);
    check(CsScope::ExportError, "", &[ADA_TOP]);
    check(CsScope::Connector, "", &[ADA]);
    check(CsScope::Connector, "bob", &[]);
    check(CsScope::Disconnector, "", &[ADA_TOP, ADAM, BOB, ZOE, ADA_OU, STAFF]);
    check(CsScope::AwaitingConfirmation, "", &[ADAM]);
    check(CsScope::DisconnectedSince(time(100)), "", &[ADAM, ADA_OU]);
    check(CsScope::DisconnectedSince(time(101)), "", &[ADAM]);
    check(CsScope::Placeholder, "", &["DC=x"]);
    check(identity("' OR 1=1 --"), "", &[]);
}

#[test]
fn pages_and_rows() {
    let world = world();
    let page = |offset, limit| {
        let wanted = CsSearch { connector: FOREST, scope: CsScope::All, text: String::new(), offset, limit };
        search(&world.reader(), &world.context(), &wanted, &CsConditions::default()).unwrap()
    };
    let conditions = CsConditions { reversed: true, columns: vec!["mail".into()], ..CsConditions::default() };
    let wanted = CsSearch { connector: FOREST, scope: CsScope::All, text: String::new(), offset: 7, limit: 1 };
    let backwards = search(&world.reader(), &world.context(), &wanted, &conditions).unwrap();
    assert_eq!((&backwards.rows[0].dn, backwards.total), (&page(0, 1).rows[0].dn, 8));
    let middle = page(1, 2);
    assert_eq!((middle.rows.len(), middle.rows[0].dn.as_str(), middle.total), (2, ADA, 8));
    assert_eq!(page(7, 100).rows.len(), 1);
    assert_eq!(page(8, 100).rows.len(), 0);
    assert_eq!(page(u64::MAX, u64::MAX).rows.len(), 0);
    let ada = &middle.rows[0];
    assert_eq!((ada.display_name.as_str(), ada.connector, ada.pending_import), ("Ada Lovelace", true, ObjectOperation::Add));
    let adam = &middle.rows[1];
    assert_eq!((adam.awaiting_confirmation, adam.connector, adam.error.as_deref()), (true, false, None));
    let errors: Vec<_> = page(0, 4).rows.into_iter().map(|hit| hit.error).collect();
    assert_eq!(errors, [Some("cd-error".to_owned()), None, None, Some("sync-rule-error-function-triggered".to_owned())]);
}

#[test]
fn a_row_leads_to_its_metaverse_object_and_shows_attributes() {
    let mut world = World::new();
    let mv = world.mv("person", &[("displayName", &["Ada"])], &[]);
    let image = world.image(&[("mail", &["ada@x.com"]), ("proxyAddresses", &["smtp:a", "smtp:b"])]);
    world.cs(FOREST, "CN=Ada,DC=x", |object| {
        object.mv = Some(mv);
        object.connector_state = 1;
        object.hologram = image;
    });
    world.cs(FOREST, "CN=Bob,DC=x", |_| ());
    let columns = ["mail", "proxyAddresses", "unknown"].map(str::to_owned).to_vec();
    let conditions = CsConditions { columns, ..CsConditions::default() };
    let wanted = CsSearch { connector: FOREST, scope: CsScope::All, text: String::new(), offset: 0, limit: 100 };
    let rows = search(&world.reader(), &world.context(), &wanted, &conditions).unwrap().rows;
    let texts = |row: usize| rows[row].attributes.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>();
    assert_eq!((rows[0].metaverse.is_some(), rows[0].explicit, rows[1].metaverse, rows[1].explicit), (true, true, None, false));
    assert_eq!((texts(0), texts(1).len()), (vec!["mail=ada@x.com".to_owned(), "proxyAddresses=smtp:a; smtp:b".to_owned()], 0));
}

#[test]
fn a_name_that_cannot_be_read_is_refused() {
    let world = world();
    let wanted = CsSearch {
        connector: FOREST,
        scope: CsScope::SubTree { dn: "nonsense".into(), include_base: true },
        text: String::new(),
        offset: 0,
        limit: 1,
    };
    let error = search(&world.reader(), &world.context(), &wanted, &CsConditions::default()).unwrap_err().to_string();
    assert!(error.contains("nonsense"), "{error}");
}

#[test]
fn an_object_shows_its_header() {
    let mut world = World::new();
    world.partition(FOREST, "DC=x", true);
    let standard = world.rule("In from AD", 10, Direction::Inbound, FOREST, &[]);
    let out = world.changed_rule("Out", 5, Direction::Outbound, FOREST, &[], |rule| rule.password_sync = true);
    let mv = world.mv("person", &[("displayName", &["Ada Lovelace"]), ("mail", &["ada@x"])], &[]);
    world.write(|transaction| set_required(transaction, FOREST, None, Some("why")).unwrap());
    let id = world.cs(FOREST, ADA, |object| {
        object.partition = Some(crate::model::PartitionId(1));
        object.mv = Some(mv);
        object.connector_state = 1;
        object.anchor = Some(vec![0; 16]);
        object.pending_import.operation = ObjectOperation::Update;
        object.unapplied.operation = ObjectOperation::Add;
        object.unconfirmed.operation = ObjectOperation::Update;
        object.import_error = Some(error(ErrorCode::INVALID_DN));
        object.export_error = Some(error(ErrorCode::CD_ERROR));
        object.transient = true;
        object.import_changed = Some(time(70));
        object.link_rules = vec![
            link(crate::model::RuleId(99), Direction::Inbound, LinkType::Join),
            link(standard, Direction::Inbound, LinkType::Provision),
            link(out, Direction::Outbound, LinkType::StickyJoin),
        ];
    });
    let view = object_by_dn(&world.reader(), &world.context(), FOREST, "cn=ADA, ou=staff,dc=x").unwrap();
    assert_eq!((view.id, view.connector.as_str(), view.partition.as_deref()), (id, "contoso.com", Some("DC=x")));
    assert_eq!(view.state, "Connector (explicit)");
    assert_eq!(view.anchor.as_deref(), Some("00000000-0000-0000-0000-000000000000"));
    assert_eq!(
        view.flags,
        [
            "pending import: update",
            "pending export: add",
            "awaiting confirmation",
            "import error",
            "export error",
            "transient",
            "full sync needed"
        ]
    );
    assert_eq!(view.sync_error.map(|error| error.error.code), Some(ErrorCode::INVALID_DN));
    assert_eq!(view.export_error.map(|error| error.first_occurred), Some(time(60)));
    assert_eq!(view.last_import_change, Some(time(70)));
    let joined = view.metaverse.unwrap();
    assert_eq!((joined.display_name.as_str(), joined.connectors), ("Ada Lovelace", 1));
    let lineage: Vec<String> = view
        .lineage
        .iter()
        .map(|row| format!("{} {:?} {} {} {}", row.rule, row.precedence, row.direction, row.action, row.password_sync))
        .collect();
    assert_eq!(
        lineage,
        [
            "Out Some(5) Outbound StickyJoin true",
            "In from AD Some(10) Inbound Provision false",
            "deleted rule 99 None Inbound Join false"
        ]
    );
    assert_eq!(view.lineage[2].rule_id, None);
    assert_eq!(object(&world.reader(), &world.context(), view.guid).unwrap().dn, ADA);
}

#[test]
fn states_and_unknown_objects() {
    let mut world = world();
    world.cs(FOREST, "CN=filtered", |object| object.connector_state = 2);
    let check = |dn: &str, expected: &str| {
        assert_eq!(object_by_dn(&world.reader(), &world.context(), FOREST, dn).unwrap().state, expected, "{dn}");
    };
    check("DC=x", "Placeholder");
    check(ADA, "Connector (normal)");
    check(BOB, "Disconnector (normal)");
    check("CN=filtered", "Disconnector (filtered)");
    let missing = object_by_dn(&world.reader(), &world.context(), TENANT, BOB).unwrap_err();
    assert!(matches!(&missing, EngineError::UnknownObject { criterion, .. } if criterion.contains(BOB)), "{missing}");
    assert!(matches!(object(&world.reader(), &world.context(), guid(555)), Err(EngineError::UnknownObject { .. })));
}

#[test]
fn pending_exports_come_by_operation_then_dn() {
    let mut world = world();
    world.cs(FOREST, "CN=a,DC=x", |object| object.unapplied.operation = ObjectOperation::Add);
    let check = |operations: OperationFilter, offset: u64, limit: u64, expected: &[&str], total: u64| {
        let page = exports(&world.reader(), &world.context(), FOREST, operations, offset, limit).unwrap();
        let found: Vec<&str> = page.rows.iter().map(|row| row.hit.dn.as_str()).collect();
        assert_eq!((found.as_slice(), page.total), (expected, total));
        assert!(page.rows.iter().all(|row| row.layer.operation == row.hit.pending_export));
    };
    check(OperationFilter::ALL, 0, 100, &[ZOE, ADA_OU, "CN=a,DC=x", ADAM, ADA_TOP], 5);
    check(OperationFilter::ALL, 1, 2, &[ADA_OU, "CN=a,DC=x"], 5);
    check(OperationFilter { add: true, modify: false, delete: false }, 0, 100, &["CN=a,DC=x", ADAM], 2);
    check(OperationFilter { add: false, modify: false, delete: false }, 0, 100, &[], 0);
}

#[test]
fn every_scope_is_answered_by_an_index() {
    use crate::store::search::connector_space::{CsCriterion, NameRange, ids};
    // INDEXED BY makes SQLite refuse a query that its index cannot answer.
    let world = World::new();
    let any = vec![ObjectOperation::Add];
    for criterion in [
        CsCriterion::All,
        CsCriterion::Under { key: "dc=x".into(), include_base: true },
        CsCriterion::Named(vec![NameRange::starting_with("cn=a")]),
        CsCriterion::Identified { key: Some("cn=a".into()), anchors: vec![vec![1]], guid: Some(guid(1)) },
        CsCriterion::PendingImport(any.clone()),
        CsCriterion::PendingExport(any),
        CsCriterion::ImportError,
        CsCriterion::ExportError,
        CsCriterion::Connector,
        CsCriterion::Disconnector,
        CsCriterion::AwaitingConfirmation,
        CsCriterion::DisconnectedSince(time(1)),
        CsCriterion::Placeholder,
    ] {
        assert_eq!(ids(&world.reader(), FOREST, &criterion, "x").unwrap(), Vec::<CsId>::new(), "{criterion:?}");
    }
}

#[test]
fn conditions_are_about_what_was_imported_or_will_be_exported() {
    use SearchOperator::{Contains, EndsWith, Equals, IsNotPresent, IsPresent, NotContains, StartsWith};
    let mut world = World::new();
    let imported = world.image(&[("mail", &["Ada@x.com"]), ("proxyAddresses", &["SMTP:a", "smtp:b"])]);
    world.cs(FOREST, "CN=Ada,DC=x", |object| object.hologram = imported);
    let title = AttributeChange::Add(texts(&["Clerk"]));
    let pending = world.delta(ObjectOperation::Update, &[("title", title)]);
    world.cs(FOREST, "CN=Bob,DC=x", |object| object.pending_import = pending);
    let mail = AttributeChange::Add(texts(&["eve@x.com"]));
    let staged = world.delta(ObjectOperation::Add, &[("mail", mail)]);
    world.cs(FOREST, "CN=Eve,DC=x", |object| object.unapplied = staged);
    let found = |clauses: &[(&str, SearchOperator, &str)], any: bool| {
        let clause = |(attribute, operator, value): &(&str, SearchOperator, &str)| SearchClause {
            attribute: (*attribute).to_owned(),
            operator: *operator,
            value: (*value).to_owned(),
        };
        let conditions = CsConditions { clauses: clauses.iter().map(clause).collect(), any, ..CsConditions::default() };
        let wanted = CsSearch { connector: FOREST, scope: CsScope::All, text: String::new(), offset: 0, limit: 100 };
        let page = search(&world.reader(), &world.context(), &wanted, &conditions)?;
        assert_eq!(page.total, page.rows.len() as u64);
        let name = |dn: &str| dn.split(['=', ',']).nth(1).unwrap_or_default().to_owned();
        Ok::<Vec<String>, EngineError>(page.rows.iter().map(|hit| name(&hit.dn)).collect())
    };
    let check = |clauses: &[(&str, SearchOperator, &str)], any: bool, expected: &[&str]| {
        assert_eq!(found(clauses, any).unwrap(), expected, "{clauses:?}");
    };
    check(&[], false, &["Ada", "Bob", "Eve"]);
    check(&[("mail", Equals, "ADA@x.com")], false, &["Ada"]);
    check(&[("mail", EndsWith, "@X.COM")], false, &["Ada", "Eve"]);
    check(&[("proxyAddresses", StartsWith, "smtp:B")], false, &["Ada"]);
    check(&[("title", IsPresent, "")], false, &["Bob"]);
    check(&[("mail", IsNotPresent, "")], false, &["Bob"]);
    check(&[("mail", NotContains, "eve")], false, &["Ada", "Bob"]);
    check(&[("enabled", IsPresent, "")], false, &[]);
    let two = [("title", Equals, "clerk"), ("mail", Contains, "ada")];
    check(&two, false, &[]);
    check(&two, true, &["Ada", "Bob"]);
    let said = |attribute| found(&[(attribute, IsPresent, "")], false).unwrap_err().to_string();
    assert!(said("shoeSize").contains("connector \"contoso.com\" has no attribute \"shoeSize\""));
    assert!(said("manager").contains("refers to other objects"));
}
