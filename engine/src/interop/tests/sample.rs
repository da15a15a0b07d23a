//! What is in the sample export (`aadconnect-export-format.md` A.4), and that nothing of it is lost.

use std::collections::BTreeMap;
use std::fs;

use super::super::reading::Reading;
use super::super::script;
use super::super::xml::parse;
use super::super::{MappingSource, ServerConnectorKind, ServerRule, ServerSchema, ServerStepKind, read, to_script};
use super::{canonical, pilot, single_exports};
use crate::model::{Deprovisioning, ValueType};

fn attribute_references(schema: &ServerSchema) -> (usize, usize) {
    let references = || schema.classes.iter().flat_map(|class| &class.attributes);
    (references().count(), references().filter(|attribute| attribute.required).count())
}

#[test]
fn the_numbers_are_those_of_the_specification() {
    let configuration = read(&pilot()).unwrap();
    assert_eq!(configuration.warnings, []);

    let rules = &configuration.rules;
    assert_eq!(rules.len(), 62);
    assert_eq!(rules.iter().map(|rule| rule.precedence).collect::<Vec<_>>(), (100..162).collect::<Vec<_>>());
    assert!(rules.iter().all(ServerRule::is_standard));
    let mappings: Vec<_> = rules.iter().flat_map(|rule| &rule.mappings).collect();
    let count = |test: &dyn Fn(&super::super::Mapping) -> bool| mappings.iter().filter(|mapping| test(mapping)).count();
    assert_eq!(mappings.len(), 1200);
    assert_eq!(count(&|mapping| mapping.expression.is_none() && matches!(mapping.source, MappingSource::Attributes(_))), 802);
    assert_eq!(count(&|mapping| mapping.expression.is_some()), 391);
    assert_eq!(count(&|mapping| mapping.expression.is_none() && matches!(mapping.source, MappingSource::Constant(_))), 7);
    assert_eq!(count(&|mapping| mapping.expression.is_some() && mapping.source == MappingSource::Nothing), 20);
    assert_eq!(count(&|mapping| mapping.execute_once), 2);
    assert_eq!(rules.iter().map(|rule| rule.join_groups.len()).sum::<usize>(), 40);
    assert_eq!(rules.iter().flat_map(|rule| &rule.join_groups).map(Vec::len).sum::<usize>(), 40);
    assert_eq!(rules.iter().map(|rule| rule.scope_groups.len()).sum::<usize>(), 48);
    assert_eq!(rules.iter().flat_map(|rule| &rule.scope_groups).map(Vec::len).sum::<usize>(), 92);

    assert_eq!(configuration.connectors.len(), 2);
    let of = |kind: ServerConnectorKind| configuration.connectors.iter().find(|connector| connector.kind() == kind).unwrap();
    let (forest, cloud) = (of(ServerConnectorKind::ActiveDirectory), of(ServerConnectorKind::Cloud));
    assert_eq!((forest.object_classes().len(), cloud.object_classes().len()), (10, 4));
    assert_eq!((forest.attributes.len(), cloud.attributes.len()), (132, 161));
    for connector in [forest, cloud] {
        let profiles: Vec<_> = connector
            .run_profiles
            .iter()
            .map(|profile| (profile.name.as_str(), profile.steps.len(), profile.steps[0].kind))
            .collect();
        assert_eq!(
            profiles,
            [
                ("Full Import", 1, ServerStepKind::FullImport),
                ("Full Synchronization", 1, ServerStepKind::FullSynchronization),
                ("Delta Import", 1, ServerStepKind::DeltaImport),
                ("Delta Synchronization", 1, ServerStepKind::DeltaSynchronization),
                ("Export", 1, ServerStepKind::Export),
            ]
        );
    }
    assert_eq!(forest.parameters.len(), 21);
    let connection = forest.forest.as_ref().unwrap();
    assert_eq!((connection.forest.as_str(), connection.login_user.as_str()), ("contoso.com", "MSOL_d1edb676ca03"));
    let partition = &forest.partitions[0];
    assert_eq!(partition.exclusions, ["DC=contoso,DC=com"]);
    assert_eq!(partition.inclusions, ["OU=CORP,DC=contoso,DC=com"]);
    assert_eq!(partition.parameter("Domain.Netbios"), Some("CONTOSO"));
    assert_eq!(partition.parameter("cookie"), None, "the state of delta imports stays where it is");
    assert!(!forest.element.render().contains("TVNEUwMAAABEZn1i"));
    assert_eq!(cloud.partitions[0].inclusions, [""]);

    let classes = |schema: &ServerSchema, kind: &str| schema.classes.iter().filter(|class| class.kind == kind).count();
    let schema = &forest.schema;
    assert_eq!(
        (schema.classes.len(), classes(schema, "structural"), classes(schema, "auxiliary"), classes(schema, "abstract")),
        (571, 525, 33, 13)
    );
    assert_eq!(schema.classes.iter().filter(|class| class.superior.is_some()).count(), 570);
    assert_eq!(schema.attributes.len(), 3391);
    assert_eq!(schema.attributes.iter().filter(|attribute| attribute.single_valued).count(), 2624);
    assert_eq!(attribute_references(schema), (4906, 279));
    let mut types: BTreeMap<ValueType, usize> = BTreeMap::new();
    for attribute in &schema.attributes {
        *types.entry(attribute.value_type).or_default() += 1;
    }
    assert_eq!(types[&ValueType::String], 1119 + 44 + 35 + 7 + 15 + 1 + 38 + 21 + 14);
    assert_eq!((types[&ValueType::Integer], types[&ValueType::Boolean]), (918 + 137, 244));
    assert_eq!((types[&ValueType::Reference], types[&ValueType::Binary]), (425 + 12 + 18 + 4, 327 + 12));

    let schema = &cloud.schema;
    assert_eq!((schema.classes.len(), schema.attributes.len()), (5, 185));
    assert!(schema.classes.iter().all(|class| class.attributes.iter().any(|attribute| attribute.anchor && attribute.required)));
    let sizes: Vec<_> = schema.classes.iter().map(|class| (class.name.as_str(), class.attributes.len())).collect();
    assert_eq!(sizes, [("contact", 101), ("device", 26), ("group", 71), ("publicFolder", 15), ("user", 152)]);

    let metaverse = configuration.metaverse.unwrap();
    assert_eq!((metaverse.server.as_str(), metaverse.settings.len()), ("CONTOSO-SYNC01", 37));
    assert_eq!(metaverse.setting("SynchronizationOption.JoinCriteria"), Some("ObjectSID"));
    let schema = &metaverse.schema;
    let sizes: Vec<_> = schema.classes.iter().map(|class| (class.name.as_str(), class.attributes.len())).collect();
    assert_eq!(sizes, [("person", 182), ("group", 86), ("device", 29)]);
    assert_eq!(schema.attributes.len(), 219);
    assert_eq!(schema.attributes.iter().filter(|attribute| attribute.indexable).count(), 106);
}

#[test]
fn every_rule_is_written_as_the_server_wrote_it() {
    let mut compared = 0;
    for entry in fs::read_dir(pilot().join("SynchronizationRules")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let original = parse(&text).unwrap();
        let mut reading = Reading::of("rule.xml");
        let rule = ServerRule::read(&original, &mut reading);
        assert_eq!((reading.faults, reading.warnings), (vec![], vec![]));
        assert_eq!(canonical(&rule.to_element()), canonical(&original), "{}", rule.name);
        // Byte for byte but for line ends, because our layout is the server's.
        assert_eq!(rule.to_element().render(), text.replace("\r\n", "\n"), "{}", rule.name);
        compared += 1;
    }
    assert_eq!(compared, 62);
}

#[test]
fn every_rule_survives_its_script() {
    let rules = read(&pilot()).unwrap().rules;
    let mut reading = Reading::of("rules.ps1");
    assert_eq!(script::read(&to_script(&rules), &mut reading), rules);
    assert_eq!((reading.faults, reading.warnings), (vec![], vec![]));
}

#[test]
fn exports_of_single_connectors_are_read_with_their_envelope() {
    let configuration = read(&single_exports()).unwrap();
    let found: Vec<_> = configuration
        .connectors
        .iter()
        .map(|connector| (connector.name.as_str(), connector.category.as_str(), connector.kind(), connector.run_profiles.len()))
        .collect();
    assert_eq!(
        found,
        [
            ("Contoso HR System", "MSSQL", ServerConnectorKind::Other, 9),
            ("BHOLD Authorizations", "MSSQL", ServerConnectorKind::Other, 10),
            ("FIM Service", "FIM", ServerConnectorKind::Other, 13),
            ("Bhold FimOrgunit", "MSSQL", ServerConnectorKind::Other, 7),
        ]
    );
    assert!(configuration.connectors.iter().all(|connector| !connector.schema.classes.is_empty()));
    let (keeps, deletes) = (Some(Deprovisioning::MakeNormalDisconnector), Some(Deprovisioning::DeleteObject));
    let actions: Vec<_> = configuration.connectors.iter().map(|connector| connector.deprovisioning).collect();
    assert_eq!(actions, [keeps, deletes, deletes, keeps]);
    let combined =
        configuration.connectors.iter().flat_map(|connector| &connector.run_profiles).flat_map(|profile| &profile.steps);
    let combined = combined.filter(|step| step.kind == ServerStepKind::FullImportAndFullSynchronization).count();
    assert_eq!(combined, 2);
    let single = read(&single_exports().join("MA-{3126363E-CD92-4CD3-A05A-ABC342CDEB6D}.XML")).unwrap();
    assert_eq!(single.connectors[..], configuration.connectors[..1]);
}
