//! An exported configuration in an empty data folder: what is stored, and that it can be written again.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use uuid::Uuid;

use super::super::xml::parse;
use super::super::{InteropError, ServerConfiguration, read};
use super::{canonical, pilot, single_exports};
use crate::connector::file::{FileSchema, FileSettings};
use crate::protection::{self, DeletionLimit};
use crate::rules::{FlowSource, UserMatch};
use crate::service::{ConnectorFate, ConnectorKind, Engine, EngineError, EngineOptions, ImportOptions, ImportReport, RuleFate};
use crate::setup::{NewDirectory, RuleChoices};
use crate::store::configuration::{self, LogFile, LogFileUsage, ProfileStep, StepType};

pub(super) struct Workspace {
    pub folder: TempDir,
    pub engine: Engine,
}

impl Workspace {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::create(&folder.path().join("data"), EngineOptions::default()).unwrap();
        Self { folder, engine }
    }

    pub fn import(&self, path: &Path) -> Result<ImportReport, EngineError> {
        self.engine.import_server_configuration(path, &ImportOptions { replace_rules: true, ..ImportOptions::default() })
    }

    pub fn export(&self, name: &str) -> ServerConfiguration {
        let folder = self.folder.path().join(name);
        self.engine.export_server_configuration(&folder).unwrap();
        read(&folder).unwrap()
    }

    pub fn rules(&self) -> Vec<crate::rules::SyncRule> {
        configuration::rules(&self.engine.database().reader().unwrap()).unwrap()
    }
}

/// A copy of the sample export with a change made to every file of one of its folders.
fn changed_pilot(target: &Path, change: &dyn Fn(&str) -> String) {
    for below in ["Connectors", "GlobalSettings", "SynchronizationRules"] {
        fs::create_dir_all(target.join(below)).unwrap();
        for entry in fs::read_dir(pilot().join(below)).unwrap() {
            let path = entry.unwrap().path();
            let text = change(&fs::read_to_string(&path).unwrap());
            fs::write(target.join(below).join(path.file_name().unwrap()), text).unwrap();
        }
    }
}

fn subjects(remarks: &[crate::service::Remark]) -> Vec<&str> {
    remarks.iter().map(|remark| remark.subject.as_str()).collect()
}

#[test]
fn an_empty_data_folder_takes_everything() {
    let workspace = Workspace::new();
    let report = workspace.import(&pilot()).unwrap();
    assert_eq!((report.server.as_deref(), report.server_version.as_deref()), (Some("CONTOSO-SYNC01"), Some("1.1.130.0")));
    let rules = report.rules;
    assert_eq!((rules.read, rules.standard, rules.custom), (62, 62, 0));
    assert_eq!((rules.created, rules.updated, rules.unchanged, rules.removed), (62, 0, 0, 0));
    assert_eq!((rules.switched_off, rules.as_shipped), (0, 62), "{report:#?}");
    assert_eq!(report.replaced, []);
    assert_eq!(subjects(&report.taken), ["choices for the standard rules"]);
    assert_eq!(
        subjects(&report.changed),
        ["connector contoso.com", "connector contoso.onmicrosoft.com - AAD"],
        "LDAPS, and no tenant yet"
    );
    assert_eq!(subjects(&report.not_taken), ["scheduler settings"]);
    assert_eq!(report.warnings, Vec::<String>::new());
    for connector in &report.connectors {
        assert_eq!((connector.fate, connector.target.as_ref()), (ConnectorFate::Created, Some(&connector.name)));
        assert!(connector.needs_credential && connector.needs_full_import && connector.needs_full_synchronization);
    }

    let connectors = workspace.engine.connectors().unwrap();
    let [forest, tenant] = connectors.as_slice() else { panic!("{connectors:?}") };
    assert_eq!((forest.kind, forest.name.as_str()), (ConnectorKind::ActiveDirectory, "contoso.com"));
    assert_eq!(tenant.kind, ConnectorKind::Tenant);
    for connector in [forest, tenant] {
        let profiles: Vec<&str> = connector.profiles.iter().map(|profile| profile.name.as_str()).collect();
        assert_eq!(profiles, ["Full Import", "Full Synchronization", "Delta Import", "Delta Synchronization", "Export"]);
    }
    assert_eq!(forest.profiles[0].steps[0].batch_size, 50);
    let reader = workspace.engine.database().reader().unwrap();
    let records = configuration::connectors(&reader).unwrap();
    let record = records.iter().find(|record| record.id == forest.id).unwrap();
    assert!(record.settings.contains("MSOL_d1edb676ca03@contoso.com") && record.secret.is_none(), "{}", record.settings);
    assert_eq!((record.object_types.len(), record.attributes.len()), (10, 132));
    let partition = &configuration::partitions(&reader, forest.id).unwrap()[0];
    assert_eq!(partition.guid.to_string(), "c58ea1c0-26f4-4a1b-9d0c-c5b36c7e1c73");
    assert_eq!((partition.include.len(), partition.exclude.len(), partition.watermark.is_none()), (1, 1, true));
    let choices = RuleChoices::load(&reader).unwrap();
    assert_eq!((choices.user_match, choices.hybrid_exchange, choices.device_write_up), (UserMatch::ObjectSid, true, true));
    drop(reader);

    // Nothing can run yet, and the reason is said.
    let refused = workspace.engine.start_run("contoso.com", "Full Import").unwrap().wait().unwrap();
    assert_eq!(refused.summary.status, "no-start-credentials", "{refused:?}");
    workspace.engine.shutdown();
}

#[test]
fn what_was_imported_is_written_again_without_a_difference() {
    let workspace = Workspace::new();
    workspace.import(&pilot()).unwrap();
    let original = read(&pilot()).unwrap();
    let exported = workspace.export("export");
    assert_eq!(exported, original);

    let mut compared = 0;
    for entry in fs::read_dir(pilot().join("SynchronizationRules")).unwrap() {
        let path = entry.unwrap().path();
        let written = workspace.folder.path().join("export/SynchronizationRules").join(path.file_name().unwrap());
        let element = |path: &Path| canonical(&parse(&fs::read_to_string(path).unwrap()).unwrap());
        assert_eq!(element(&written), element(&path), "{}", path.display());
        compared += 1;
    }
    assert_eq!(compared, 62);

    // And once more: import, export, import give equal models.
    let second = Workspace::new();
    second.import(&workspace.folder.path().join("export")).unwrap();
    assert_eq!(second.export("export"), original);
    let again = second.import(&pilot()).unwrap();
    assert_eq!((again.rules.unchanged, again.replaced.len()), (62, 0), "taking over the same twice changes nothing");
    assert!(again.connectors.iter().all(|connector| connector.fate == ConnectorFate::Mapped));
    let in_use = second.engine.export_server_configuration(&second.folder.path().join("export")).unwrap_err();
    assert!(matches!(in_use, EngineError::Interop(InteropError::NotEmpty(_))), "{in_use:?}");
    for workspace in [workspace, second] {
        workspace.engine.shutdown();
    }
}

#[test]
fn a_rule_that_was_changed_here_is_written_as_it_is_now() {
    let workspace = Workspace::new();
    workspace.import(&pilot()).unwrap();
    let mut rule = workspace.rules().into_iter().find(|rule| rule.name == "In from AD - User Common").unwrap();
    rule.flows.retain(|flow| flow.target != "title");
    let changed = rule.flows.iter_mut().find(|flow| flow.target == "displayName").unwrap();
    changed.source = FlowSource::Expression("IIF(IsPresent([cn]),[cn],ImportedValue(\"displayName\"))".to_owned());
    rule.enabled = false;
    {
        let mut writer = workspace.engine.database().writer();
        let transaction = writer.transaction().unwrap();
        configuration::save_rule(&transaction, &rule).unwrap();
        transaction.commit().unwrap();
    }
    let (original, exported) = (read(&pilot()).unwrap(), workspace.export("export"));
    let of = |configuration: &ServerConfiguration| {
        configuration.rules.iter().find(|rule| rule.name == "In from AD - User Common").unwrap().clone()
    };
    let (before, mut after) = (of(&original), of(&exported));
    assert!(after.disabled && after.version == before.version + 1);
    let mapping = after.mappings.iter_mut().find(|mapping| mapping.destination == "displayName").unwrap();
    let names = super::super::MappingSource::Attributes(vec!["cn".to_owned(), "displayName".to_owned()]);
    assert_eq!(mapping.source, names);
    let unchanged = |rule: &super::super::ServerRule| {
        let others = rule.mappings.iter().filter(|mapping| !["displayName", "title"].contains(&mapping.destination.as_str()));
        others.cloned().collect::<Vec<_>>()
    };
    assert_eq!(unchanged(&after), unchanged(&before));
    let others = |configuration: ServerConfiguration| {
        configuration.rules.into_iter().filter(|rule| rule.name != "In from AD - User Common").collect::<Vec<_>>()
    };
    assert_eq!(others(exported), others(original));
    workspace.engine.shutdown();
}

#[test]
fn a_tenant_is_connected_to_the_connector_that_waits_for_it() {
    let workspace = Workspace::new();
    workspace.import(&pilot()).unwrap();
    let before = workspace.rules();
    let tenant = workspace.engine.add_sandbox("contoso", &["contoso.com".to_owned()]).unwrap();
    assert_eq!(tenant.guid, super::super::CLOUD_CONNECTOR);
    assert_eq!(workspace.rules(), before, "imported rules stay");
    let run = workspace.engine.start_run(&tenant.name, "Full Import").unwrap().wait().unwrap();
    assert_eq!(run.summary.status, "success", "{run:?}");
    let second = workspace.engine.add_sandbox("fabrikam", &[]).unwrap_err();
    assert!(second.to_string().contains("already has a tenant"), "{second}");

    // A further forest gets rules of its own, beside those that were imported.
    let path = workspace.folder.path().join("fabrikam.ldif");
    fs::write(&path, "version: 1\n\ndn: DC=fabrikam,DC=com\nobjectClass: domainDNS\nobjectGUID:: AAECAwQFBgcICQoLDA0ODw==\n")
        .unwrap();
    let settings = FileSettings { path, schema: FileSchema::ActiveDirectory };
    let added = workspace.engine.add_directory(NewDirectory::file("fabrikam.com", &settings).unwrap()).unwrap();
    let after = workspace.rules();
    let of_added = after.iter().filter(|rule| rule.connector == added.id).count();
    assert_eq!((after.len(), of_added), (before.len() + of_added, 29));
    let [first, second] = &after[..2] else { panic!() };
    assert_eq!((first.name.as_str(), second.name.as_str()), ("In from AD - User Join", "In from AD - User Join"));
    assert_eq!((first.precedence, second.precedence, second.connector), (100, 101, added.id));
    let content = |rules: &[crate::rules::SyncRule]| {
        let kept = rules.iter().filter(|rule| rule.connector != added.id);
        kept.map(|rule| crate::rules::SyncRule { precedence: 0, ..rule.clone() }).collect::<Vec<_>>()
    };
    assert_eq!(content(&after), content(&before));
    assert_eq!(second.join.len(), 5, "composed as the server was");
    workspace.engine.shutdown();
}

#[test]
fn a_dry_run_stores_nothing_and_tells_the_same() {
    let workspace = Workspace::new();
    let dry = ImportOptions { dry_run: true, ..ImportOptions::default() };
    let told = workspace.engine.import_server_configuration(&pilot(), &dry).unwrap();
    assert_eq!(workspace.engine.connectors().unwrap(), []);
    assert_eq!(workspace.rules(), []);
    let done = workspace.import(&pilot()).unwrap();
    assert_eq!(ImportReport { dry_run: false, ..told }, done);
    workspace.engine.shutdown();
}

#[test]
fn rules_are_replaced_only_with_consent_and_only_those_of_mapped_connectors() {
    let workspace = Workspace::new();
    workspace.import(&pilot()).unwrap();
    let folder = workspace.folder.path().join("changed");
    changed_pilot(&folder, &|text| {
        if text.contains("<name>In from AD - User Join</name>") {
            return text.replace("User_", "Nobody_");
        }
        // A rule of the cloud connector becomes one that nobody knows.
        text.replace("Out to AAD - User OfficeProPlus", "Out to AAD - Renamed")
            .replace("Microsoft.OuttoAADUserOfficeProPlus.004", "")
            .replace("{b9f497de-f29f-450c-872d-a83c787b1cfa}", "{b9f497de-f29f-450c-872d-a83c787b1cfb}")
    });
    let before = workspace.rules();
    let refused = workspace.engine.import_server_configuration(&folder, &ImportOptions::default()).unwrap_err();
    assert!(matches!(&refused, EngineError::Interop(InteropError::NotConfirmed { rules, .. }) if *rules >= 1), "{refused:?}");
    assert_eq!(workspace.rules(), before);
    let report = workspace.import(&folder).unwrap();
    let replaced: Vec<_> =
        report.replaced.iter().map(|rule| (rule.name.as_str(), rule.fate, rule.differences.join("; "))).collect();
    assert_eq!(replaced[0], ("In from AD - User Join", RuleFate::Changed, "scoping filter".to_owned()));
    let after = workspace.rules();
    assert_eq!(after.len(), 62);
    let id_of = |rules: &[crate::rules::SyncRule], name: &str| rules.iter().find(|rule| rule.name == name).unwrap().id;
    assert_eq!(id_of(&after, "In from AD - User Join"), id_of(&before, "In from AD - User Join"), "links keep their rule");
    assert_eq!(report.rules.as_shipped, 60, "{report:#?}");

    // A rule that comes alone is added or changed; all others stay, and make room.
    let single = workspace.folder.path().join("single.xml");
    let rule =
        fs::read_to_string(pilot().join("SynchronizationRules/SynchronizationRule_{7b39914c-6938-437d-8957-b8eb8f8608ec}.xml"));
    fs::write(&single, rule.unwrap().replace("<precedence>161", "<precedence>119")).unwrap();
    let report = workspace.import(&single).unwrap();
    assert_eq!((report.rules.updated, report.rules.removed), (1, 0));
    assert_eq!(report.changed.len(), 42, "119 to 160 have other numbers now");
    let numbered: Vec<(i64, String)> = workspace.rules().into_iter().map(|rule| (rule.precedence, rule.name)).collect();
    assert_eq!(numbered.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (100..162).collect::<Vec<_>>());
    let of = |number: usize| numbered[number - 100].1.as_str();
    assert_eq!(
        (of(118), of(119), of(120)),
        ("In from AD - ForeignSecurityPrincipal Join User", "In from AD - Device Common", "In from AAD - User Join")
    );
    workspace.engine.shutdown();
}

#[test]
fn rules_that_cannot_run_are_kept_and_switched_off() {
    let workspace = Workspace::new();
    let folder = workspace.folder.path().join("faulty");
    changed_pilot(&folder, &|text| {
        let custom = |text: &str| text.replace("<immutable-tag>Microsoft.", "<immutable-tag>Contoso.");
        if text.contains("<name>In from AD - User Lync</name>") {
            custom(&text.replace("<attr>msRTCSIP-Line</attr>", "<attr>msRTCSIP-Lime</attr>"))
        } else if text.contains("<name>In from AD - Contact Lync</name>") {
            text.replacen("<dest>", "<dest>no", 1)
        } else if text.contains("<name>Out to AAD - User AzureRMS</name>") {
            text.replace("<linkType>Join<", "<linkType>JoinNoFlow<")
        } else if text.contains("<name>Out to AAD - Contact AzureRMS</name>") {
            text.replace("<csOperator>EQUAL<", "<csOperator>ISMEMBEROF<")
        } else if text.contains("<name>Out to AAD - Contact DynamicsCRM</name>") {
            text.replace("<csOperator>EQUAL<", "<csOperator>ISMEMBEROF<")
                .replace("<csValue>Contact<", "<csValue>CN=Pilot,DC=contoso,DC=com<")
        } else if text.contains("<name>In from AD - Group Common</name>") {
            text.replacen("<expression>", "<expression>Nothing(", 1)
        } else {
            text.to_owned()
        }
    });
    let report = workspace.import(&folder).unwrap();
    let told: Vec<_> = report.not_taken.iter().filter(|remark| remark.subject.starts_with("rule ")).collect();
    let check = |rule: &str, words: &str| {
        let found = told.iter().any(|remark| remark.subject == format!("rule {rule}") && remark.text.contains(words));
        assert!(found, "{rule}: {told:#?}");
        assert!(!workspace.rules().iter().find(|known| known.name == rule).unwrap().enabled, "{rule}");
    };
    check("In from AD - User Lync", "msRTCSIP-Lime");
    check("In from AD - Contact Lync", "has no such target attribute");
    check("Out to AAD - Contact AzureRMS", "is no distinguished name");
    check("In from AD - Group Common", "faulty");
    assert_eq!((report.rules.switched_off, told.len(), report.rules.custom), (4, 4, 1));
    let runs = |rule: &str| workspace.rules().iter().any(|known| known.name == rule && known.enabled);
    assert!(runs("Out to AAD - User AzureRMS"), "JoinNoFlow runs");
    assert!(runs("Out to AAD - Contact DynamicsCRM"), "ISMEMBEROF runs");
    // They go back as they came.
    assert_eq!(workspace.export("export"), read(&folder).unwrap());
    workspace.engine.shutdown();
}

#[test]
fn what_the_metaverse_of_the_server_has_is_added() {
    let workspace = Workspace::new();
    let folder = workspace.folder.path().join("grown");
    changed_pilot(&folder, &|text| {
        let added = "<dsml:attribute-type id=\"shoeSize\" single-value=\"true\"><dsml:name>shoeSize</dsml:name>\
            <dsml:syntax>1.3.6.1.4.1.1466.115.121.1.27</dsml:syntax></dsml:attribute-type>";
        if text.contains("<saved-mv-configuration") {
            text.replacen("<dsml:attribute ref=\"#accountEnabled\"", "<dsml:attribute ref=\"#shoeSize\" required=\"false\" /><dsml:attribute ref=\"#accountEnabled\"", 1)
                .replacen("<dsml:attribute-type", &format!("{added}<dsml:attribute-type"), 1)
                .replace("<dsml:class id=\"device\"", "<dsml:class id=\"robot\" type=\"structural\"><dsml:name>robot</dsml:name><dsml:attribute ref=\"#shoeSize\" required=\"true\" /></dsml:class><dsml:class id=\"device\"")
                .replace("StagingMode\" type=\"string\" use=\"SynchronizationGlobal\" dataType=\"String\">False", "StagingMode\" type=\"string\" use=\"SynchronizationGlobal\" dataType=\"String\">True")
                .replace(">500<", ">70<")
                .replace("</parameter-values>", "<parameter name=\"Contoso.Own\" type=\"string\" use=\"SynchronizationGlobal\" dataType=\"String\">1</parameter></parameter-values>")
        } else if text.contains("<name>In from AD - User Common</name>") {
            text.replacen("<dest>title</dest>", "<dest>shoeSize</dest>", 1)
                .replacen("<attr>title</attr>", "<attr>countryCode</attr>", 1)
                .replacen("Trim([title])", "[countryCode]", 1)
        } else {
            text.to_owned()
        }
    });
    let report = workspace.import(&folder).unwrap();
    assert_eq!(report.rules.switched_off, 0, "{:#?}", report.not_taken);
    let types = workspace.engine.metaverse_schema().unwrap();
    let names: Vec<&str> = types.iter().map(|object_type| object_type.name.as_str()).collect();
    assert_eq!(names, ["device", "group", "person", "robot"]);
    let taken = subjects(&report.taken);
    for subject in ["metaverse object type person", "metaverse object type robot", "staging mode", "deletion threshold"] {
        assert!(taken.contains(&subject), "{taken:?} lacks {subject}");
    }
    let reader = workspace.engine.database().reader().unwrap();
    assert_eq!(protection::deletion_limit(&reader).unwrap(), DeletionLimit::Count(70));
    assert!(protection::staging_mode(&reader).unwrap());
    drop(reader);
    assert_eq!(workspace.export("export"), read(&folder).unwrap(), "own settings of an administrator survive");
    workspace.engine.shutdown();
}

#[test]
fn what_nobody_knows_is_told_and_goes_back_as_it_came() {
    let workspace = Workspace::new();
    let folder = workspace.folder.path().join("strange");
    changed_pilot(&folder, &|text| {
        let parameter = "<parameter name=\"moon-phase\" type=\"string\" use=\"global\" dataType=\"String\">full</parameter>";
        if text.contains("<category>AD</category>") {
            text.replacen("</parameter-values>", &format!("{parameter}</parameter-values>"), 1)
                .replace(
                    "<attribute>adminDescription</attribute>",
                    "<attribute>adminDescription</attribute><attribute>moonPhase</attribute>",
                )
                .replace("<join/>", "<tides><high/></tides><join/>")
                .replace(
                    "use=\"connectivity\" dataType=\"String\" encrypted=\"1\" />",
                    "use=\"connectivity\" dataType=\"String\" encrypted=\"1\">hunter2</parameter>",
                )
        } else if text.contains("<name>In from AD - User Common</name>") {
            text.replacen("<dest>title</dest>", "<dest>title</dest><tide>low</tide>", 1)
        } else {
            text.to_owned()
        }
    });
    let report = workspace.import(&folder).unwrap();
    for words in ["\"moon-phase\" is not known", "element tides", "element tide:", "it holds a secret, which is not read"] {
        assert!(report.warnings.iter().any(|warning| warning.contains(words)), "{words}: {:#?}", report.warnings);
    }
    assert!(report.not_taken.iter().any(|remark| remark.text.contains("attribute moonPhase is selected")), "{report:#?}");
    let exported = workspace.export("export");
    let original = read(&folder).unwrap();
    assert_eq!((&exported.rules, &exported.connectors), (&original.rules, &original.connectors));
    let written = fs::read_to_string(
        workspace.folder.path().join("export/Connectors/Connector_{ae4db4cc-b16b-4eb2-acf5-837ca84e4d7d}.xml"),
    );
    let written = written.unwrap();
    assert!(written.contains("moon-phase") && written.contains("moonPhase") && written.contains("<tides>"));
    assert!(!written.contains("hunter2"), "no secret leaves");
    workspace.engine.shutdown();
}

#[test]
fn a_configuration_made_here_moves_to_another_data_folder() {
    let workspace = Workspace::new();
    let path = workspace.folder.path().join("forest.ldif");
    fs::write(&path, "version: 1\n\ndn: DC=fabrikam,DC=com\nobjectClass: domainDNS\nobjectGUID:: AAECAwQFBgcICQoLDA0ODw==\n")
        .unwrap();
    let settings = FileSettings { path, schema: FileSchema::ActiveDirectory };
    let forest = workspace.engine.add_directory(NewDirectory::file("fabrikam.com", &settings).unwrap()).unwrap();
    workspace.engine.add_sandbox("fabrikam", &[]).unwrap();
    {
        let mut writer = workspace.engine.database().writer();
        let transaction = writer.transaction().unwrap();
        let mut partition = configuration::partitions(&transaction, forest.id).unwrap().remove(0);
        partition.include = vec!["OU=Corp,DC=fabrikam,DC=com".to_owned()];
        partition.exclude = vec!["OU=Old,OU=Corp,DC=fabrikam,DC=com".to_owned()];
        configuration::save_partition(&transaction, &partition).unwrap();
        let mut record = configuration::connector(&transaction, forest.id).unwrap().unwrap();
        record.deprovisioning = crate::model::Deprovisioning::MakeExplicitDisconnector;
        configuration::save_connector(&transaction, &record).unwrap();
        let mut rule = configuration::rules(&transaction).unwrap().remove(0);
        rule.id = crate::model::RuleId(0);
        rule.guid = uuid::Uuid::from_u128(77);
        rule.name = "In from AD - \"Sales\" & more <'x'>".to_owned();
        rule.tag = None;
        rule.precedence = 50;
        configuration::save_rule(&transaction, &rule).unwrap();
        protection::set_deletion_limit(&transaction, DeletionLimit::Off).unwrap();
        RuleChoices { user_match: UserMatch::Attribute("employeeID".to_owned()), ..RuleChoices::default() }
            .save(&transaction)
            .unwrap();
        transaction.commit().unwrap();
    }
    let first = workspace.export("export");
    let second = Workspace::new();
    let report = second.import(&workspace.folder.path().join("export")).unwrap();
    assert_eq!((report.rules.switched_off, report.rules.custom, report.warnings.len()), (0, 1, 0), "{report:#?}");
    assert_eq!(second.export("export"), first);
    let reader = second.engine.database().reader().unwrap();
    assert_eq!(protection::deletion_limit(&reader).unwrap(), DeletionLimit::Off);
    assert_eq!(RuleChoices::load(&reader).unwrap().user_match, UserMatch::Attribute("employeeID".to_owned()));
    let forest = configuration::connector_named(&reader, "fabrikam.com").unwrap().unwrap();
    let kept = |name: &str| {
        let id = configuration::connector_named(&reader, name).unwrap().unwrap();
        configuration::connector(&reader, id).unwrap().unwrap().deprovisioning
    };
    assert_eq!(kept("fabrikam.com"), crate::model::Deprovisioning::MakeExplicitDisconnector);
    let partition = &configuration::partitions(&reader, forest).unwrap()[0];
    assert_eq!(
        (partition.include.as_slice(), partition.exclude.len()),
        (["OU=Corp,DC=fabrikam,DC=com".to_owned()].as_slice(), 1)
    );
    drop(reader);
    let content = |workspace: &Workspace| {
        let rules = workspace.rules().into_iter();
        rules.map(|rule| (rule.precedence, rule.name, rule.scope, rule.join, rule.flows, rule.tag)).collect::<Vec<_>>()
    };
    assert_eq!(content(&second), content(&workspace));
    for workspace in [workspace, second] {
        workspace.engine.shutdown();
    }
}

#[test]
fn connectors_of_other_kinds_are_kept_for_an_export() {
    let workspace = Workspace::new();
    let report = workspace.import(&single_exports()).unwrap();
    assert!(report.connectors.iter().all(|connector| connector.fate == ConnectorFate::Kept && !connector.needs_credential));
    assert_eq!(report.not_taken.len(), 4);
    assert_eq!(workspace.engine.connectors().unwrap(), []);
    let exported = workspace.export("export");
    let mut original = read(&single_exports()).unwrap().connectors;
    original.sort_by_key(|connector| connector.id);
    let mut written = exported.connectors;
    written.sort_by_key(|connector| connector.id);
    assert_eq!(written, original);
    workspace.engine.shutdown();
}

#[test]
fn what_has_no_place_is_refused_with_the_way_out() {
    let workspace = Workspace::new();
    let add = |name: &str| {
        let path = workspace.folder.path().join(format!("{name}.ldif"));
        fs::write(&path, "version: 1\n\ndn: DC=fabrikam,DC=com\nobjectClass: domainDNS\nobjectGUID:: AAECAwQFBgcICQoLDA0ODw==\n")
            .unwrap();
        let settings = FileSettings { path, schema: FileSchema::ActiveDirectory };
        workspace.engine.add_directory(NewDirectory::file(name, &settings).unwrap()).unwrap();
    };
    let check = |path: &Path, mappings: &[(&str, &str)], words: &str| {
        let mappings = mappings.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        let options = ImportOptions { mappings, dry_run: false, replace_rules: true };
        let before = (workspace.engine.connectors().unwrap(), workspace.rules());
        let refused = workspace.engine.import_server_configuration(path, &options).unwrap_err();
        assert!(matches!(refused, EngineError::Interop(_)) && refused.to_string().contains(words), "{refused}");
        assert_eq!((workspace.engine.connectors().unwrap(), workspace.rules()), before);
    };
    let rules = pilot().join("SynchronizationRules");
    let cloud = "contoso.onmicrosoft.com - AAD";
    check(
        &rules,
        &[],
        "neither in the export nor here; map it onto a connector that is here (on the command line: --map ae4db4cc-b16b-4eb2-acf5-837ca84e4d7d=NAME",
    );
    check(
        &rules,
        &[],
        "neither in the export nor here; map it onto a connector that is here (on the command line: --map b891884f-051e-4a83-95af-2544101c9083=NAME",
    );
    check(&pilot(), &[("fabrikam.com", "x")], "no connector \"fabrikam.com\" that could be mapped; it has \"contoso.com\"");
    check(&pilot(), &[("contoso.com", "x")], "no connector is named \"x\"; known connectors: none");
    add("contoso.com");
    check(
        &pilot(),
        &[],
        "a connector has its name; map it onto the present one (on the command line: --map \"contoso.com=contoso.com\")",
    );
    check(&pilot(), &[(cloud, "contoso.com")], "one is a tenant, the other a forest");
    workspace.engine.add_sandbox("tailspin", &[]).unwrap();
    // Rules of the cloud connector need no mapping: it is the tenant, whoever it is.
    let script = workspace.folder.path().join("tenant.ps1");
    fs::write(&script, workspace.engine.rule_script(&["Out to AAD - User Join".to_owned()]).unwrap()).unwrap();
    assert_eq!(workspace.import(&script).unwrap().rules.unchanged, 1);
    check(&pilot(), &[("contoso.com", "CONTOSO.com")], "there is a tenant already");
    check(&pilot(), &[("contoso.com", "tailspin.onmicrosoft.com - AAD")], "one is a forest, the other a tenant");
    check(&single_exports(), &[("FIM Service", "contoso.com")], "does not run connectors of its category");
    workspace.engine.shutdown();
}

#[test]
fn rules_of_a_script_stand_beside_those_that_they_name() {
    let workspace = Workspace::new();
    let path = workspace.folder.path().join("contoso.ldif");
    fs::write(&path, "version: 1\n\ndn: DC=contoso,DC=com\nobjectClass: domainDNS\nobjectGUID:: AAECAwQFBgcICQoLDA0ODw==\n")
        .unwrap();
    let settings = FileSettings { path, schema: FileSchema::ActiveDirectory };
    workspace.engine.add_directory(NewDirectory::file("contoso.com", &settings).unwrap()).unwrap();
    workspace.engine.add_sandbox("tailspin", &[]).unwrap();
    let standard = workspace.engine.rule_script(&["Out to AAD - User Join".to_owned()]).unwrap();
    let first = workspace.rules().into_iter().next().unwrap();
    let import = |number: u128, precedence: i64, place: Option<(&str, Uuid)>| {
        let line = |line: &str| match line.split_whitespace().next() {
            Some("-Name") => format!("-Name 'Own {number}' `"),
            Some("-Identifier") => {
                let end = if line.ends_with('`') { " `" } else { "" };
                format!("-Identifier '{}'{end}", Uuid::from_u128(number))
            }
            Some("-Precedence") => format!("-Precedence {precedence} `"),
            Some(side @ ("-PrecedenceAfter" | "-PrecedenceBefore")) => {
                let beside = place.filter(|(wanted, _)| *wanted == side).map_or(Uuid::nil(), |(_, beside)| beside);
                format!("{side} '{beside}' `")
            }
            Some("-ImmutableTag") => "-ImmutableTag '' `".to_owned(),
            _ => line.to_owned(),
        };
        let text: Vec<String> = standard.lines().map(line).collect();
        let path = workspace.folder.path().join("own.ps1");
        fs::write(&path, text.join("\n")).unwrap();
        let report = workspace.import(&path).unwrap();
        report.changed.into_iter().map(|remark| format!("{}: {}", remark.subject, remark.text)).collect::<Vec<_>>()
    };
    let own = || {
        let rules = workspace.rules().into_iter().filter(|rule| !rule.is_standard());
        rules.map(|rule| (rule.guid.as_u128(), rule.precedence)).collect::<Vec<_>>()
    };
    import(1, 10, None);
    import(2, 0, Some(("-PrecedenceAfter", Uuid::from_u128(1))));
    assert_eq!(own(), [(1, 10), (2, 11)]);
    let told = import(3, 0, Some(("-PrecedenceBefore", Uuid::from_u128(2))));
    assert_eq!(own(), [(1, 10), (3, 11), (2, 12)]);
    assert!(told.iter().any(|line| line.starts_with("rule Own 2: it has precedence 12 now instead of 11")), "{told:?}");
    import(4, 0, Some(("-PrecedenceBefore", first.guid)));
    assert_eq!(own().last(), Some(&(4, 99)));
    let told = import(5, 50, Some(("-PrecedenceBefore", Uuid::from_u128(77))));
    assert!(told.iter().any(|line| line.contains("to stand beside; it has precedence 50")), "{told:?}");
    workspace.engine.shutdown();
}

#[test]
fn steps_with_log_files_and_other_words_are_taken_over_and_written_again() {
    let workspace = Workspace::new();
    let folder = workspace.folder.path().join("steps");
    changed_pilot(&folder, &|text| {
        if !text.contains("<category>AD</category>") {
            return text.to_owned();
        }
        let partition = "<partition>{DC4C27DB-D13D-460A-9A82-C48ABA1EE815}</partition>";
        assert!(text.contains("<import-subtype>to-cs</import-subtype>") && text.contains(partition));
        text.replacen("<import-subtype>to-cs</import-subtype>", "<import-subtype>to-file</import-subtype>", 1)
            .replacen("</custom-data></step>", "</custom-data><dropfile-name>C:\\drop\\full one.xml</dropfile-name></step>", 1)
            .replace("reevaluate-flow-connectors", "reevaluate-join-flow-all")
    });
    let report = workspace.import(&folder).unwrap();
    let words = "log file \"full one.xml\"";
    assert!(report.changed.iter().any(|remark| remark.text.contains(words)), "{:#?}", report.changed);
    let connector = workspace.engine.connectors().unwrap().into_iter().find(|known| known.name == "contoso.com").unwrap();
    let profiles = configuration::profiles(&workspace.engine.database().reader().unwrap(), connector.id).unwrap();
    let step = |name: &str| profiles.iter().find(|profile| profile.name == name).unwrap().steps[0].clone();
    let log = step("Full Import").log_file.unwrap();
    assert_eq!((log.name.as_str(), log.usage), ("full one.xml", LogFileUsage::CreateAndStop));
    assert_eq!(step("Full Synchronization").step_type, StepType::FullSynchronization);
    assert_eq!(workspace.export("export").connectors, read(&folder).unwrap().connectors);
    workspace.engine.shutdown();

    // What was made here says the same with the words of the original.
    let second = Workspace::new();
    second.import(&pilot()).unwrap();
    let made = [
        (StepType::FullImport, Some(LogFileUsage::Create)),
        (StepType::FullImport, Some(LogFileUsage::CreateAndStop)),
        (StepType::DeltaImport, Some(LogFileUsage::Resume)),
        (StepType::DeltaImportDeltaSynchronization, Some(LogFileUsage::Create)),
        (StepType::FullImportFullSynchronization, Some(LogFileUsage::Resume)),
        (StepType::FullSynchronization, None),
        (StepType::Export, None),
    ];
    let steps_of = |workspace: &Workspace| {
        let connector = workspace.engine.connectors().unwrap().into_iter().find(|known| known.name == "contoso.com").unwrap();
        let profiles = configuration::profiles(&workspace.engine.database().reader().unwrap(), connector.id).unwrap();
        let profile = profiles.into_iter().find(|profile| profile.name == "Full Import").unwrap();
        (
            profile.clone(),
            profile.steps.into_iter().map(|step| (step.step_type, step.log_file.map(|log| log.usage))).collect::<Vec<_>>(),
        )
    };
    let (mut profile, _) = steps_of(&second);
    let first = profile.steps[0].clone();
    profile.steps = made
        .iter()
        .map(|(step_type, usage)| ProfileStep {
            step_type: *step_type,
            log_file: usage.map(|usage| LogFile { name: "a.jsonl".to_owned(), usage }),
            ..first.clone()
        })
        .collect();
    {
        let mut writer = second.engine.database().writer();
        let transaction = writer.transaction().unwrap();
        configuration::save_profile(&transaction, &profile).unwrap();
        transaction.commit().unwrap();
    }
    second.export("export");
    let third = Workspace::new();
    third.import(&second.folder.path().join("export")).unwrap();
    assert_eq!(steps_of(&third).1, made);
    for workspace in [second, third] {
        workspace.engine.shutdown();
    }
}
