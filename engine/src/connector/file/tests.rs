//! Whole files through the connector: what is handed over, and what is bad about the rest.

use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::connector::{EntryValue, ImportEntry, Watermark};
use crate::model::ValueType;

/// A file connector over `content`; the folder must outlive it.
fn connector(content: &[u8]) -> (TempDir, FileConnector) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forest.ldif");
    std::fs::write(&path, content).unwrap();
    let connector = FileConnector::open(FileSettings { path, schema: FileSchema::ActiveDirectory }).unwrap();
    (folder, connector)
}

fn request(connector: &mut FileConnector) -> ImportRequest {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    ImportRequest {
        mode: ImportMode::Full,
        partition: "DC=x".into(),
        elsewhere: Vec::new(),
        object_types: words("user inetOrgPerson computer group contact"),
        attributes: words(
            "cn mail DESCRIPTION userAccountControl member manager thumbnailPhoto userCertificate isDeleted objectSid",
        ),
        include: Vec::new(),
        exclude: Vec::new(),
        page_size: 500,
        timeout_secs: 120,
        schema: Arc::new(connector.schema().unwrap()),
        cancel: CancelToken::default(),
    }
}

/// Imports `content` and renders each item on one line.
fn import_with(content: &str, change: impl FnOnce(&mut ImportRequest)) -> Result<Vec<String>, ConnectorErrorKind> {
    let (_folder, mut connector) = connector(content.as_bytes());
    let mut request = request(&mut connector);
    change(&mut request);
    let mut shown = Vec::new();
    let summary = connector.import(&request, &mut |item| {
        shown.push(show(&item));
        true
    });
    summary.map_err(|error| error.kind)?;
    Ok(shown)
}

fn show(item: &ImportItem) -> String {
    match item {
        ImportItem::Entry(entry) => show_entry(entry),
        ImportItem::Deleted { .. } => "deleted".into(),
        ImportItem::Filtered { anchor, dn } => format!("filtered {dn}{}", if anchor.is_some() { "" } else { " without anchor" }),
        ImportItem::Bad(bad) => {
            let detail = &bad.error.detail;
            let attribute = detail.attribute.as_ref().map(|name| format!(" [{name}]")).unwrap_or_default();
            let value = detail.value.as_ref().map(|value| format!(" <{value}>")).unwrap_or_default();
            format!("{} {}{attribute}{value} {}", bad.error.code, bad.dn.as_deref().unwrap_or("-"), bad.error.message)
        }
    }
}

fn show_entry(entry: &ImportEntry) -> String {
    let mut shown = format!("{} {}", entry.object_type, entry.dn);
    for (name, values) in &entry.attributes {
        let values: Vec<String> = values
            .iter()
            .map(|value| match value {
                EntryValue::Text(text) => format!("'{text}'"),
                EntryValue::Binary(bytes) => format!("0x{}", hex::encode(bytes)),
                EntryValue::Integer(number) => number.to_string(),
                EntryValue::Boolean(flag) => flag.to_string(),
                EntryValue::Reference(dn) => format!("->{dn}"),
            })
            .collect();
        shown.push_str(&format!(" {name}={}", values.join("+")));
    }
    shown
}

/// A user's record with a GUID made of `number`; `lines` are added.
fn user(name: &str, number: u8, lines: &str) -> String {
    let guid = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [number; 16]);
    format!("dn: CN={name},DC=x\nobjectClass: top\nobjectClass: user\nobjectGUID:: {guid}\n{lines}\n")
}

fn check(content: &str, expected: &[&str]) {
    assert_eq!(import_with(content, |_| {}).unwrap(), expected, "{content}");
}

#[test]
fn values_take_the_type_of_the_schema() {
    let check = |lines: &str, expected: &str| check(&user("a", 1, lines), &[&format!("user CN=a,DC=x{expected}")]);
    check("cn: a\n", " cn='a'");
    check("CN: a\nMail: A@x\n", " cn='a' mail='A@x'");
    check("description: 1\ndescription: 2\n", " description='1'+'2'");
    check("userAccountControl: 512\n", " userAccountControl=512");
    check("userAccountControl: -2147483646\n", " userAccountControl=-2147483646");
    check("isDeleted: TRUE\n", " isDeleted=true");
    check("isDeleted: false\n", " isDeleted=false");
    check("thumbnailPhoto:: /9g=\n", " thumbnailPhoto=0xffd8");
    check("userCertificate;binary:: AAE=\nuserCertificate;binary:: AAI=\n", " userCertificate=0x0001+0x0002");
    check("objectSid: abc\n", " objectSid=0x616263");
    check("manager: CN=b,DC=x\n", " manager=->CN=b,DC=x");
    check("manager:: Q049w6QsREM9eA==\n", " manager=->CN=ä,DC=x");
    check("mail:\n", "");
    check("displayName: not asked for\nunknown: x\nphoto:< file:///x\ntitle:: !!\n", "");
    check("description;lang-de: nein\ndescription: ja\n", " description='ja'");
    check("changetype: add\ncn: a\n", " cn='a'");
    check("distinguishedName: CN=elsewhere,DC=x\n", "");
}

#[test]
fn the_anchor_is_the_guid_even_when_it_is_not_asked_for() {
    let (_folder, mut connector) = connector(user("a", 7, "").as_bytes());
    let request = request(&mut connector);
    let mut anchors = Vec::new();
    let summary = connector.import(&request, &mut |item| {
        if let ImportItem::Entry(entry) = item {
            anchors.push(entry.anchor.0);
        }
        true
    });
    assert_eq!(anchors, [vec![7u8; 16]]);
    assert_eq!(summary.unwrap().watermark, None);
}

#[test]
fn the_most_specific_class_is_the_type() {
    let check = |classes: &str, expected: &[&str]| {
        let classes: String = classes.split(' ').map(|class| format!("objectClass: {class}\n")).collect();
        let content = format!("dn: CN=a,DC=x\n{classes}objectGUID:: AAAAAAAAAAAAAAAAAAAAAA==\n");
        let types: Vec<String> =
            import_with(&content, |_| {}).unwrap().iter().map(|line| line.replace(" CN=a,DC=x", "")).collect();
        assert_eq!(types, expected, "{classes}");
    };
    check("top person organizationalPerson user", &["user"]);
    check("top person organizationalPerson user computer", &["computer"]);
    check("computer user person top", &["computer"]);
    check("top person organizationalPerson user inetOrgPerson", &["inetOrgPerson"]);
    check("inetOrgPerson user top", &["inetOrgPerson"]);
    check("TOP GROUP", &["group"]);
    check("top user securityPrincipal", &["user"]);
    check("top person organizationalPerson contact", &["contact"]);
    check("top organizationalUnit", &[]);
    check("top trustedDomain", &[]);
}

#[test]
fn bad_records_are_reported_and_the_rest_goes_on() {
    let check = |bad: &str, expected: &str| {
        let content = format!("{bad}\n{}", user("after", 9, ""));
        assert_eq!(import_with(&content, |_| {}).unwrap(), [expected, "user CN=after,DC=x"], "{bad}");
    };
    let with = |lines: &str| user("a", 1, lines);
    check("cn: a\n", "missing-dn - line 1: the record begins with \"cn\"; it must begin with \"dn:\"");
    check("dn:\ncn: a\n", "missing-dn - line 1: the dn is empty");
    check("dn: a,DC=x\n", "invalid-dn a,DC=x line 1: component \"a\" has no \"=\"; write type=value, for example CN=Ada");
    check("dn:: !!\n", "invalid-dn - line 1: the value is not base64");
    check(
        "dn: CN=a,O=Contoso\n",
        "invalid-dn CN=a,O=Contoso line 1: the name does not end in DC= components, so the object belongs to no partition",
    );
    check("dn: CN=a,DC=x\ncn: a\n", "missing-object-class CN=a,DC=x line 1: the object has no objectClass");
    check(
        "dn: CN=a,DC=x\nobjectClass: user\n",
        "missing-anchor-component CN=a,DC=x [objectGUID] line 1: the object has no objectGUID, which identifies it",
    );
    check(
        "dn: CN=a,DC=x\nobjectClass: user\nobjectGUID: 6c2a\n",
        "missing-anchor-component CN=a,DC=x [objectGUID] line 1: objectGUID has 4 bytes; 16 are needed, as base64 after \
         \"objectGUID::\"",
    );
    check(
        &with("objectGUID:: AAAAAAAAAAAAAAAAAAAAAA==\n"),
        "multi-valued-anchor-component CN=a,DC=x [objectGUID] line 1: the object has more than one objectGUID",
    );
    check(
        &with("objectGUID:: ?\n"),
        "invalid-base64-value CN=a,DC=x [objectGUID] <?> line 5: attribute \"objectGUID\": the value is not base64: \"?\"",
    );
    check(
        &with("userAccountControl: many\n"),
        "invalid-numeric-value CN=a,DC=x [userAccountControl] <many> line 5: attribute \"userAccountControl\": not a whole \
         number: \"many\"",
    );
    check(
        &with("userAccountControl: 9223372036854775808\n"),
        "invalid-numeric-value CN=a,DC=x [userAccountControl] <9223372036854775808> line 5: attribute \"userAccountControl\": not \
         a whole number: \"9223372036854775808\"",
    );
    check(
        &with("isDeleted: yes\n"),
        "invalid-boolean-value CN=a,DC=x [isDeleted] <yes> line 5: attribute \"isDeleted\": neither TRUE nor FALSE: \"yes\"",
    );
    check(
        &with("manager: Ada\n"),
        "invalid-reference-value CN=a,DC=x [manager] <Ada> line 5: attribute \"manager\": not a distinguished name: \"Ada\"",
    );
    check(
        &with("cn: a\ncn: b\n"),
        "multi-single-mismatch CN=a,DC=x [cn] <b> line 6: attribute \"cn\": a second value of a single-valued attribute: \"b\"",
    );
    check(
        &with("thumbnailPhoto:: ***\n"),
        "invalid-base64-value CN=a,DC=x [thumbnailPhoto] <***> line 5: attribute \"thumbnailPhoto\": the value is not base64: \
         \"***\"",
    );
    check(
        &with("cn:: /w==\n"),
        "invalid-attribute-value CN=a,DC=x [cn] </w==> line 5: attribute \"cn\": the value is not UTF-8 text: \"/w==\"",
    );
    check(
        &with("mail:< file:///etc/passwd\n"),
        "unsupported-value-type CN=a,DC=x [mail] <file:///etc/passwd> line 5: attribute \"mail\": the value is the address of \
         another file; write the value itself, base64 after \"::\": \"file:///etc/passwd\"",
    );
    check(
        &with("member;range=0-1499: CN=b,DC=x\n"),
        "parse-error CN=a,DC=x [member] line 5: attribute \"member\": only a range of the values is in the file; export all of them",
    );
    check(&with("no colon\n"), "parse-error CN=a,DC=x line 5: \"no colon\" has no \":\" after the attribute name");
    check(&with("two words: x\n"), "parse-error CN=a,DC=x line 5: \"two words\" is not an attribute name");
    check(
        "dn: CN=a,DC=x\nchangetype: modify\nreplace: cn\ncn: b\n-\n",
        "invalid-change-type CN=a,DC=x [changetype] <modify> line 2: attribute \"changetype\": only whole objects are read, this \
         record is a change; export the directory's objects instead: \"modify\"",
    );
    check(
        "dn: CN=a,DC=x\ncontrol: 1.2.840.113556.1.4.417\nchangetype: add\n",
        "invalid-change-type CN=a,DC=x [control] <1.2.840.113556.1.4.417> line 2: attribute \"control\": only whole objects are \
         read, this record is a change; export the directory's objects instead: \"1.2.840.113556.1.4.417\"",
    );
    let long = format!("cn: {}\n", "v".repeat(ldif::MAX_LINE + 1));
    check(&with(&long), "parse-error CN=a,DC=x line 5: the line is longer than 16777216 bytes");
}

#[test]
fn an_anchor_met_twice_is_a_duplicate() {
    check(
        &format!("{}\n{}", user("a", 1, ""), user("b", 1, "")),
        &[
            "user CN=a,DC=x",
            "duplicate-object CN=b,DC=x [objectGUID] line 7: the record at line 1 has the same objectGUID; remove one of the two",
        ],
    );
}

#[test]
fn two_records_of_one_name_are_both_named() {
    check(
        &format!("{}\n{}", user("a", 1, ""), user("A", 2, "")),
        &["user CN=a,DC=x", "duplicate-object CN=A,DC=x line 7: the record at line 1 has the same name; remove one of the two"],
    );
}

#[test]
fn objects_that_are_not_asked_for_are_skipped_silently() {
    let unit = "dn: OU=u,DC=x\nobjectClass: organizationalUnit\nuserAccountControl: bad\n";
    let elsewhere = "dn: CN=a,DC=y\nobjectClass: user\n";
    check(&format!("{unit}\n{}", user("a", 1, "")), &["user CN=a,DC=x"]);
    // What no partition reads is counted, by the import of the first one that is read.
    let content = format!("{elsewhere}\n{}", user("a", 1, ""));
    check(&content, &["filtered CN=a,DC=y without anchor", "user CN=a,DC=x"]);
    for other in ["DC=y", "DC=w"] {
        let shown = import_with(&content, |request| request.elsewhere = vec![other.to_owned()]).unwrap();
        assert_eq!(shown, ["user CN=a,DC=x"], "{other}");
    }
}

#[test]
fn containers_are_honoured() {
    let content = ["a,OU=in", "b,OU=out", "c,OU=out,OU=in"].iter().zip(1..).map(|(name, number)| user(name, number, "") + "\n");
    let content: String = content.collect();
    let names = |list: &[&str]| list.iter().map(|name| Dn::parse(name).unwrap()).collect::<Vec<_>>();
    let check = |include: &[&str], exclude: &[&str], expected: &[&str]| {
        let shown = import_with(&content, |request| {
            request.include = names(include);
            request.exclude = names(exclude);
        });
        let shown = shown.unwrap();
        let filtered = shown.iter().filter(|line| line.starts_with("filtered ")).count();
        assert_eq!(filtered, 3 - expected.len(), "{include:?} {exclude:?}");
        let read = shown.iter().filter(|line| line.starts_with("user "));
        let shown: Vec<String> = read.map(|line| line[8..9].to_owned()).collect();
        assert_eq!(shown, expected, "{include:?} {exclude:?}");
    };
    check(&[], &[], &["a", "b", "c"]);
    check(&["OU=in,DC=x"], &[], &["a", "c"]);
    check(&["OU=in,DC=x"], &["DC=x", "OU=out,OU=in,DC=x"], &["a"]);
    check(&[], &["ou=OUT,dc=x"], &["a", "c"]);
}

#[test]
fn what_keeps_a_file_from_being_read_is_a_connector_error() {
    let check = |content: &str, change: &dyn Fn(&mut ImportRequest), expected: ConnectorErrorKind| {
        assert_eq!(import_with(content, change).unwrap_err(), expected, "{content}");
    };
    let content = user("a", 1, "");
    check(&content, &|request| request.mode = ImportMode::Delta(Watermark(vec![1])), ConnectorErrorKind::NoWatermark);
    check(&content, &|request| request.partition = "DC=missing".into(), ConnectorErrorKind::PartitionMissing);
    check(&content, &|request| request.partition = "missing".into(), ConnectorErrorKind::PartitionMissing);
    check(&content, &|request| request.cancel.cancel(), ConnectorErrorKind::Cancelled);
    check("version: 3\n", &|_| {}, ConnectorErrorKind::FileAccess);
    assert_eq!(import_with("", |_| {}), Ok(Vec::new()));

    let folder = tempfile::tempdir().unwrap();
    let open = |path: PathBuf| FileConnector::open(FileSettings { path, schema: FileSchema::default() }).unwrap_err();
    assert_eq!(open(folder.path().join("missing.ldif")).kind, ConnectorErrorKind::FileNotFound);
    assert_eq!(open(folder.path().to_owned()).kind, ConnectorErrorKind::FileAccess);
}

#[test]
fn a_sink_that_has_enough_ends_the_import() {
    let (_folder, mut connector) = connector(format!("{}\n{}", user("a", 1, ""), user("b", 2, "")).as_bytes());
    let request = request(&mut connector);
    let mut items = 0;
    let result = connector.import(&request, &mut |_| {
        items += 1;
        false
    });
    assert_eq!((result.unwrap_err().kind, items), (ConnectorErrorKind::Cancelled, 1));
}

#[test]
fn the_built_in_schema_has_its_types() {
    let (_folder, mut connector) = connector(b"");
    let schema = connector.schema().unwrap();
    for object_type in ["user", "inetOrgPerson", "group", "contact", "computer", "msDS-Device", "container", "organizationalUnit"]
    {
        assert_eq!(schema.type_name(object_type), Some(object_type));
        assert_eq!(schema.attribute_of(object_type, ANCHOR).map(|a| a.value_type), Some(ValueType::Binary), "{object_type}");
    }
    assert!(!connector.capabilities().export && !connector.capabilities().delta_import);
}

#[test]
fn partitions_come_from_the_names() {
    let guid = "objectGUID:: AQIDBAUGBwgJCgsMDQ4PEA==";
    let content = format!(
        "dn: DC=contoso,DC=com\nobjectClass: domainDNS\n{guid}\n\ndn: bad\n\ndn: CN=a,OU=b,dc=contoso,dc=com\n\ndn: CN=a,DC=eu,DC=contoso,DC=com\n"
    );
    let (_folder, mut connector) = connector(content.as_bytes());
    let partitions = connector.partitions().unwrap();
    let names: Vec<&str> = partitions.iter().map(|partition| partition.name.as_str()).collect();
    assert_eq!(names, ["DC=contoso,DC=com", "DC=eu,DC=contoso,DC=com"]);
    assert_eq!(partitions[0].directory_id.unwrap().to_string(), "04030201-0605-0807-090a-0b0c0d0e0f10");
    assert_eq!(partitions[1].forest_dns_name.as_deref(), Some("contoso.com"));
}

#[test]
fn the_sample_forest_is_read_whole() {
    let content = include_str!("../../../../assets/contoso/contoso.ldif");
    let (_folder, mut connector) = connector(content.as_bytes());
    let partitions = connector.partitions().unwrap();
    let names: Vec<&str> = partitions.iter().map(|partition| partition.name.as_str()).collect();
    assert_eq!(names, ["DC=contoso,DC=com"]);
    let mut request = request(&mut connector);
    request.partition = names[0].to_owned();
    request.object_types = request.schema.types().map(str::to_owned).collect();
    request.attributes = request.schema.attributes().map(|attribute| attribute.name.clone()).collect();
    let (mut entries, mut others) = (0, Vec::new());
    let result = connector.import(&request, &mut |item| {
        match &item {
            ImportItem::Entry(_) => entries += 1,
            ImportItem::Deleted { .. } | ImportItem::Filtered { .. } | ImportItem::Bad(_) => others.push(show(&item)),
        }
        true
    });
    assert!(result.is_ok());
    assert_eq!(others, [""; 0]);
    assert_eq!(entries, content.matches("\ndn:").count());
}

#[test]
fn settings_are_stored_as_text() {
    let settings: FileSettings = serde_json::from_str(r#"{"path":"a.ldif"}"#).unwrap();
    assert_eq!(serde_json::to_string(&settings).unwrap(), r#"{"path":"a.ldif","schema":"active-directory"}"#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_file_is_imported_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), lines in "(dn: CN=a,DC=x|objectClass: user|objectGUID:: AA==|[:; ]|\n){0,20}") {
        let mut content = bytes;
        content.extend_from_slice(b"\n\n");
        content.extend_from_slice(lines.as_bytes());
        let (_folder, mut connector) = connector(&content);
        let request = request(&mut connector);
        let mut entries = 0;
        let result = connector.import(&request, &mut |item| {
            entries += usize::from(matches!(item, ImportItem::Entry(_)));
            true
        });
        prop_assert!(entries == 0 || result.is_ok());
        prop_assert!(connector.partitions().is_ok() || result.is_err());
    }
}
