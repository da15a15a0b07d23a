use super::*;
use crate::connector::{ExportAttributeChange, ExportOperation, ExportValue, Watermark};
use std::collections::BTreeMap;

fn directory() -> MemoryDirectory {
    let directory = MemoryDirectory::new(Schema::default(), "default");
    directory.put(MemoryEntry::new("1", "OU=a", "container", texts(&[])));
    directory.put(MemoryEntry::new("2", "CN=x,OU=a", "user", texts(&[("mail", "x@y")])));
    directory
}

fn request(mode: ImportMode) -> ImportRequest {
    ImportRequest {
        mode,
        partition: "default".into(),
        elsewhere: Vec::new(),
        object_types: Vec::new(),
        attributes: Vec::new(),
        include: Vec::new(),
        exclude: Vec::new(),
        page_size: 10,
        timeout_secs: 0,
        schema: Arc::new(Schema::default()),
        cancel: CancelToken::default(),
    }
}

/// What an import hands over, in short, and its watermark.
fn import(directory: &MemoryDirectory, mode: ImportMode) -> (Vec<String>, Watermark) {
    let mut told = Vec::new();
    let summary = directory
        .connect()
        .import(&request(mode), &mut |item| {
            told.push(match item {
                ImportItem::Entry(entry) => format!("{} {} {}", entry.dn, entry.attributes.len(), entry.partial),
                ImportItem::Deleted { dn, .. } => format!("-{}", dn.unwrap()),
                ImportItem::Filtered { dn, .. } => format!("({dn})"),
                ImportItem::Bad(bad) => format!("!{}", bad.dn.unwrap()),
            });
            true
        })
        .unwrap();
    (told, Watermark(summary.watermark.unwrap()))
}

#[test]
fn a_delta_tells_each_object_once_in_the_order_of_the_last_changes() {
    let directory = directory();
    let (all, watermark) = import(&directory, ImportMode::Full);
    assert_eq!(all, ["OU=a 0 false", "CN=x,OU=a 1 false"]);
    directory.set(b"2", "title", vec![EntryValue::Text("Dr".into())]);
    directory.put(MemoryEntry::new("3", "CN=z", "user", texts(&[])));
    directory.set(b"2", "mail", Vec::new());
    assert_eq!(import(&directory, ImportMode::Delta(watermark.clone())).0, ["CN=z 0 false", "CN=x,OU=a 1 false"]);
    directory.set_delta_content(DeltaContent::Attributes);
    assert_eq!(import(&directory, ImportMode::Delta(watermark.clone())).0, ["CN=z 0 false", "CN=x,OU=a 2 true"]);
    directory.remove(b"3");
    directory.rename(b"1", "OU=b");
    assert_eq!(import(&directory, ImportMode::Delta(watermark)).0, ["CN=x,OU=b 2 true", "-CN=z", "OU=b 0 false"]);
}

#[test]
fn of_references_single_values_are_told() {
    let directory = directory();
    let refer = |names: &[&str]| {
        let values = names.iter().map(|dn| EntryValue::Reference((*dn).to_owned())).collect();
        directory.set(b"2", "member", values);
    };
    let check = |change: &dyn Fn(), expected: Option<(&[&str], &[&str])>| {
        refer(&["CN=a", "CN=b"]);
        let (_, watermark) = import(&directory, ImportMode::Full);
        change();
        let mut told = None;
        let take = &mut |item| {
            let ImportItem::Entry(mut entry) = item else { panic!("{item:?}") };
            told = entry.changed_references.remove("member").map(|changes| (changes.added, changes.removed));
            assert_eq!((entry.partial, entry.attributes.contains_key("member")), (true, told.is_none()));
            true
        };
        directory.connect().import(&request(ImportMode::Delta(watermark)), take).unwrap();
        let names = |list: &[&str]| list.iter().map(|dn| (*dn).to_owned()).collect::<Vec<_>>();
        assert_eq!(told, expected.map(|(added, removed)| (names(added), names(removed))));
    };
    directory.set_delta_content(DeltaContent::Values);
    check(&|| refer(&["CN=b", "CN=c"]), Some((&["CN=c"], &["CN=a"])));
    check(&|| refer(&[]), Some((&[], &["CN=a", "CN=b"])));
    let twice = || {
        refer(&["CN=b", "CN=c"]);
        refer(&["CN=b"]);
    };
    check(&twice, Some((&[], &["CN=a", "CN=c"])));
    let again = || {
        refer(&["CN=b"]);
        refer(&["CN=a", "CN=b"]);
    };
    check(&again, Some((&["CN=a"], &[])));
    directory.put(MemoryEntry::new("a", "CN=a", "user", texts(&[])));
    directory.set_delta_content(DeltaContent::Attributes);
    check(&|| refer(&["CN=b"]), None);
}

#[test]
fn changes_are_carried_out_and_told() {
    let directory = directory();
    let change = |dn: &str, operation: ExportOperation, anchor: Option<&str>| ExportChange {
        dn: dn.into(),
        object_type: "user".into(),
        anchor: anchor.map(|anchor| Anchor(anchor.as_bytes().to_vec())),
        operation,
        attributes: [(
            "mail".to_owned(),
            ExportAttributeChange::Replace(vec![ExportValue::Plain(EntryValue::Text("new".into()))]),
        )]
        .into(),
        identity: EntryAttributes::new(),
        whole: BTreeMap::new(),
    };
    let check = |change: ExportChange, expected: &str| {
        let results = directory.connect().export(&[change], &CancelToken::default()).unwrap();
        let told = match &results[0].outcome {
            ExportOutcome::Success { anchor, .. } => {
                format!("ok {}", String::from_utf8(anchor.clone().map(|anchor| anchor.0).unwrap_or_default()).unwrap())
            }
            ExportOutcome::Refused(error) | ExportOutcome::Transient(error) => error.code.to_string(),
        };
        assert_eq!(told, expected);
    };
    check(change("CN=n", ExportOperation::Add, None), "ok User_1");
    check(change("CN=n", ExportOperation::Add, None), "cd-existing-object");
    check(change("CN=q", ExportOperation::Update { new_dn: None }, None), "cd-missing-object");
    check(change("CN=x,OU=a", ExportOperation::Update { new_dn: Some("CN=w,OU=a".into()) }, Some("2")), "ok 2");
    check(change("CN=gone", ExportOperation::Delete, Some("9")), "ok ");
    directory.inject(Fault::Refuse { dn: "CN=n".into(), code: ErrorCode::from_directory("permission-issue") });
    check(change("CN=n", ExportOperation::Update { new_dn: None }, None), "permission-issue");
    assert_eq!(directory.entry("CN=w,OU=a").unwrap().attributes, texts(&[("mail", "new")]));
    assert_eq!(directory.take_sent().len(), 6);
}
