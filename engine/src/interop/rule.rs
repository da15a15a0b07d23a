//! A synchronization rule as a real server exports it (`aadconnect-export-format.md` A.1).

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::error::Finding;
use super::reading::{Reading, braced};
use super::xml::{Element, Node};
use crate::rules::{Direction, LinkType, MergeType, ScopeOperator, tag_name};

/// Name of the outermost element.
pub(super) const ROOT: &str = "synchronizationRule";

pub(super) const DIRECTIONS: [(&str, Direction); 2] = [("Inbound", Direction::Inbound), ("Outbound", Direction::Outbound)];
pub(super) const LINK_TYPES: [(&str, LinkType); 4] = [
    ("Provision", LinkType::Provision),
    ("Join", LinkType::Join),
    ("StickyJoin", LinkType::StickyJoin),
    ("JoinNoFlow", LinkType::JoinNoFlow),
];
pub(super) const MERGE_TYPES: [(&str, MergeType); 4] = [
    ("Update", MergeType::Update),
    ("Replace", MergeType::Replace),
    ("Merge", MergeType::Merge),
    ("MergeCaseInsensitive", MergeType::MergeCaseInsensitive),
];

const CHILDREN: [&str; 20] = [
    "id",
    "internal-id",
    "version",
    "name",
    "description",
    "immutable-tag",
    "direction",
    "disabled",
    "connector",
    "sourceObjectType",
    "targetObjectType",
    "linkType",
    "precedence",
    "precedence-after",
    "precedence-before",
    "softDeleteExpiryInterval",
    "EnablePasswordSync",
    "attribute-mappings",
    "relationshipCriteria",
    "synchronizationCriteria",
];

/// Flows or groups of a rule; the largest real rule has about 130.
const MOST_PARTS: usize = 5_000;

/// Those that [`Reading::required`] reads, and finds when they are there twice.
const REQUIRED: [&str; 8] =
    ["id", "name", "direction", "connector", "sourceObjectType", "targetObjectType", "linkType", "precedence"];

/// A synchronization rule of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRule {
    /// Identity of the rule on its server.
    pub id: Uuid,
    /// Second identity, which a clone does not share.
    pub internal_id: Uuid,
    /// Counts changes.
    pub version: i64,
    /// Name, unique for a connector.
    pub name: String,
    /// Explanation.
    pub description: String,
    /// Tag of a standard rule, such as `Microsoft.InfromADUserJoin.003`; empty on an administrator's own.
    pub immutable_tag: String,
    /// Into the metaverse or out of it.
    pub direction: Direction,
    /// Switched off.
    pub disabled: bool,
    /// Identity of the connector.
    pub connector: Uuid,
    /// Object type that is read.
    pub source_object_type: String,
    /// Object type that is written; `*` means any.
    pub target_object_type: String,
    /// What happens when nothing matches.
    pub link_type: LinkType,
    /// Lower number wins.
    pub precedence: i64,
    /// Rule that this one was put behind when it was made.
    pub precedence_after: Uuid,
    /// Rule that this one was put before when it was made.
    pub precedence_before: Uuid,
    /// How long a deleted object could come back, as `hh:mm:ss`.
    pub soft_delete_expiry_interval: String,
    /// Passwords of objects in scope are synchronized.
    pub password_sync: bool,
    /// Attribute flows in order.
    pub mappings: Vec<Mapping>,
    /// Join groups in order.
    pub join_groups: Vec<Vec<JoinClause>>,
    /// Scope groups in order.
    pub scope_groups: Vec<Vec<Scope>>,
    /// Elements of unknown name.
    pub unknown: Vec<Element>,
}

/// What an attribute flow names as its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingSource {
    /// Nothing: an expression that reads no attribute.
    Nothing,
    /// Attributes, in order. For an expression they are a hint and not complete.
    Attributes(Vec<String>),
    /// A fixed text.
    Constant(String),
}

/// An attribute flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Attribute written.
    pub destination: String,
    /// Source named.
    pub source: MappingSource,
    /// Expression, verbatim.
    pub expression: Option<String>,
    /// How contributions combine.
    pub merge: MergeType,
    /// Evaluated only when the target object is created.
    pub execute_once: bool,
    /// Elements of unknown name.
    pub unknown: Vec<Element>,
}

/// One condition of a join group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinClause {
    /// Attribute of the connector space object.
    pub connector_attribute: String,
    /// Attribute of the metaverse object.
    pub metaverse_attribute: String,
    /// Text must have the same case.
    pub case_sensitive: bool,
    /// Elements of unknown name.
    pub unknown: Vec<Element>,
}

/// One condition of a scope group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Attribute of the source object.
    pub attribute: String,
    /// Comparison.
    pub operator: ScopeOperator,
    /// Value compared with.
    pub value: String,
    /// Elements of unknown name.
    pub unknown: Vec<Element>,
}

impl ServerRule {
    /// True for a rule that the product ships.
    #[must_use]
    pub fn is_standard(&self) -> bool {
        tag_name(&self.immutable_tag).is_some()
    }

    /// Object type in the connector space.
    #[must_use]
    pub fn connector_object_type(&self) -> &str {
        match self.direction {
            Direction::Inbound => &self.source_object_type,
            Direction::Outbound => &self.target_object_type,
        }
    }

    /// Object type in the metaverse.
    #[must_use]
    pub fn metaverse_object_type(&self) -> &str {
        match self.direction {
            Direction::Inbound => &self.target_object_type,
            Direction::Outbound => &self.source_object_type,
        }
    }

    /// Reads a rule; what is wrong with it is noted.
    pub(super) fn read(element: &Element, reading: &mut Reading) -> Self {
        let id = reading.guid(element, "id");
        let precedence = reading.word(element, "precedence");
        let precedence = match precedence.parse() {
            Ok(number) => number,
            Err(_) if precedence.is_empty() => 0,
            Err(_) => {
                reading.fault("precedence", format!("\"{precedence}\" is not a whole number"));
                0
            }
        };
        for name in CHILDREN.into_iter().filter(|name| !REQUIRED.contains(name)) {
            if element.all(name).nth(1).is_some() {
                reading.fault(ROOT, format!("element {name} is there twice; keep one"));
            }
        }
        let list = |name: &str, item: &str| -> Vec<Element> {
            element.child(name).into_iter().flat_map(|list| list.all(item)).cloned().collect()
        };
        for (list, item) in
            [("attribute-mappings", "mapping"), ("relationshipCriteria", "conditions"), ("synchronizationCriteria", "conditions")]
        {
            for inner in element.child(list).into_iter().flat_map(Element::elements).filter(|inner| inner.local() != item) {
                reading.warn(list, format!("element {} is not known here and is left out", inner.name));
            }
        }
        for (list, what) in
            [("attribute-mappings", "flows"), ("relationshipCriteria", "groups"), ("synchronizationCriteria", "groups")]
        {
            let number = element.child(list).map_or(0, |list| list.children.len());
            if number > MOST_PARTS {
                reading.fault(list, format!("it has {number} {what}; a rule may have {MOST_PARTS}"));
            }
        }
        let internal_id = reading.optional_guid(element, "internal-id");
        let name = reading.required(element, "name");
        if name.trim().is_empty() && element.child("name").is_some() {
            reading.fault("name", "it is empty; give the rule a name");
        }
        Self {
            id,
            internal_id: if internal_id.is_nil() { id } else { internal_id },
            version: reading.number(element, "version", 1),
            name,
            description: element.child("description").map(Element::text).unwrap_or_default(),
            immutable_tag: element.text_of("immutable-tag"),
            direction: reading.choice(element, "direction", &DIRECTIONS, Direction::Inbound),
            disabled: reading.flag(element, "disabled"),
            connector: reading.guid(element, "connector"),
            source_object_type: reading.word(element, "sourceObjectType"),
            target_object_type: reading.word(element, "targetObjectType"),
            link_type: reading.choice(element, "linkType", &LINK_TYPES, LinkType::Join),
            precedence,
            precedence_after: reading.optional_guid(element, "precedence-after"),
            precedence_before: reading.optional_guid(element, "precedence-before"),
            soft_delete_expiry_interval: match element.text_of("softDeleteExpiryInterval") {
                text if text.is_empty() => NO_INTERVAL.to_owned(),
                text => text,
            },
            password_sync: reading.flag(element, "EnablePasswordSync"),
            mappings: list("attribute-mappings", "mapping").iter().map(|mapping| Mapping::read(mapping, reading)).collect(),
            join_groups: list("relationshipCriteria", "conditions")
                .iter()
                .map(|group| group.all("condition").map(|clause| JoinClause::read(clause, reading)).collect())
                .collect(),
            scope_groups: list("synchronizationCriteria", "conditions")
                .iter()
                .map(|group| group.all("scope").map(|clause| Scope::read(clause, reading)).collect())
                .collect(),
            unknown: reading.unknown(element, &CHILDREN),
        }
    }

    /// The rule as a server writes it.
    #[must_use]
    pub fn to_element(&self) -> Element {
        let text = |name: &str, text: &str| Element::of_text(name, text);
        let truth = |value: bool| if value { "True" } else { "False" };
        Element::new(ROOT)
            .with(text("id", &braced(self.id)))
            .with(text("internal-id", &braced(self.internal_id)))
            .with(text("version", &self.version.to_string()))
            .with(text("name", &self.name))
            .with(text("description", &self.description))
            .with(text("immutable-tag", &self.immutable_tag))
            .with(text("direction", self.direction.label()))
            .with(text("disabled", truth(self.disabled)))
            .with(text("connector", &braced(self.connector)))
            .with(text("sourceObjectType", &self.source_object_type))
            .with(text("targetObjectType", &self.target_object_type))
            .with(text("linkType", self.link_type.label()))
            .with(text("precedence", &self.precedence.to_string()))
            .with(text("precedence-after", &braced(self.precedence_after)))
            .with(text("precedence-before", &braced(self.precedence_before)))
            .with(text("softDeleteExpiryInterval", &self.soft_delete_expiry_interval))
            .with(text("EnablePasswordSync", if self.password_sync { "true" } else { "false" }))
            .with(Element::new("attribute-mappings").with_all(self.mappings.iter().map(Mapping::to_element)))
            .with(
                Element::new("relationshipCriteria").with_all(
                    self.join_groups
                        .iter()
                        .map(|group| Element::new("conditions").with_all(group.iter().map(JoinClause::to_element))),
                ),
            )
            .with(Element::new("synchronizationCriteria").with_all(
                self.scope_groups.iter().map(|group| Element::new("conditions").with_all(group.iter().map(Scope::to_element))),
            ))
            .with_all(self.unknown.iter().cloned())
    }
}

/// No soft delete.
pub(super) const NO_INTERVAL: &str = "00:00:00";

impl Mapping {
    fn read(element: &Element, reading: &mut Reading) -> Self {
        let source = match element.child("src") {
            None => MappingSource::Nothing,
            Some(source) if source.child("attr").is_some() => {
                MappingSource::Attributes(source.all("attr").map(|name| name.text().trim().to_owned()).collect())
            }
            Some(source) => MappingSource::Constant(source.text()),
        };
        if let Some(source) = element.child("src")
            && source.children.iter().any(|node| matches!(node, Node::Element(inner) if inner.local() != "attr"))
        {
            reading.fault("src", "it holds something else than attr elements or a text");
        }
        let merge = match element.child("valueMergeType") {
            None => MergeType::Update,
            Some(word) => reading.parse_choice("valueMergeType", word.text().trim(), &MERGE_TYPES, MergeType::Update),
        };
        let execute_once = match element.attribute("execute-once") {
            None => false,
            Some(word) => reading.parse_choice("mapping/@execute-once", word, &[("true", true), ("false", false)], false),
        };
        Self {
            destination: reading.word(element, "dest"),
            source,
            expression: element.child("expression").map(Element::text).filter(|text| !text.trim().is_empty()),
            merge,
            execute_once,
            unknown: reading.unknown(element, &["dest", "src", "expression", "valueMergeType"]),
        }
    }

    fn to_element(&self) -> Element {
        let mut element = Element::new("mapping");
        if self.execute_once {
            element = element.with_attribute("execute-once", "true");
        }
        element.push(Element::of_text("dest", &self.destination));
        match &self.source {
            MappingSource::Nothing => {}
            MappingSource::Constant(text) => element.push(Element::of_text("src", text)),
            MappingSource::Attributes(names) => {
                element.push(Element::new("src").with_all(names.iter().map(|name| Element::of_text("attr", name))));
            }
        }
        if let Some(expression) = &self.expression {
            element.push(Element::of_text("expression", expression));
        }
        element.with(Element::of_text("valueMergeType", self.merge.label())).with_all(self.unknown.iter().cloned())
    }
}

impl JoinClause {
    fn read(element: &Element, reading: &mut Reading) -> Self {
        Self {
            connector_attribute: reading.word(element, "csAttribute"),
            metaverse_attribute: reading.word(element, "ilmAttribute"),
            case_sensitive: reading.flag(element, "caseSensitive"),
            unknown: reading.unknown(element, &["csAttribute", "ilmAttribute", "caseSensitive"]),
        }
    }

    fn to_element(&self) -> Element {
        let mut element = Element::new("condition");
        if self.case_sensitive {
            element.push(Element::of_text("caseSensitive", "True"));
        }
        element
            .with(Element::of_text("csAttribute", &self.connector_attribute))
            .with(Element::of_text("ilmAttribute", &self.metaverse_attribute))
            .with_all(self.unknown.iter().cloned())
    }
}

impl Scope {
    fn read(element: &Element, reading: &mut Reading) -> Self {
        let word = reading.word(element, "csOperator");
        let operator = match word.parse() {
            Ok(operator) => operator,
            Err(message) if !word.is_empty() => {
                reading.fault("csOperator", message);
                ScopeOperator::Equal
            }
            Err(_) => ScopeOperator::Equal,
        };
        Self {
            attribute: reading.word(element, "csAttribute"),
            operator,
            value: element.child("csValue").map(Element::text).unwrap_or_default(),
            unknown: reading.unknown(element, &["csAttribute", "csOperator", "csValue"]),
        }
    }

    fn to_element(&self) -> Element {
        Element::new("scope")
            .with(Element::of_text("csAttribute", &self.attribute))
            .with(Element::of_text("csOperator", self.operator.word()))
            .with(Element::of_text("csValue", &self.value))
            .with_all(self.unknown.iter().cloned())
    }
}

/// Notes rules that cannot stand beside one another: one precedence, or one identity, twice.
pub(super) fn check_together(rules: &[(String, ServerRule)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen_precedence = BTreeMap::<i64, &ServerRule>::new();
    let mut seen = BTreeSet::new();
    for (file, rule) in rules {
        if let Some(other) = seen_precedence.insert(rule.precedence, rule) {
            findings.push(Finding {
                file: file.clone(),
                element: "precedence".to_owned(),
                message: format!(
                    "rules \"{}\" and \"{}\" both have precedence {}; give one of them another number",
                    other.name, rule.name, rule.precedence
                ),
            });
        }
        if !seen.insert(rule.id) {
            findings.push(Finding {
                file: file.clone(),
                element: "id".to_owned(),
                message: format!("rule \"{}\" has the id {} of another file; remove one of the two", rule.name, braced(rule.id)),
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::xml::parse;
    use super::*;

    const WHOLE: &str = r#"<synchronizationRule>
  <id>{7b39914c-6938-437d-8957-b8eb8f8608ec}</id>
  <internal-id>{00000000-0000-0000-0000-000000000001}</internal-id>
  <version>3</version>
  <name>In from AD - Sales</name>
  <description />
  <immutable-tag />
  <direction>Inbound</direction>
  <disabled>True</disabled>
  <connector>{ae4db4cc-b16b-4eb2-acf5-837ca84e4d7d}</connector>
  <sourceObjectType>user</sourceObjectType>
  <targetObjectType>person</targetObjectType>
  <linkType>StickyJoin</linkType>
  <precedence>50</precedence>
  <precedence-after>{00000000-0000-0000-0000-000000000000}</precedence-after>
  <precedence-before>{00000000-0000-0000-0000-000000000000}</precedence-before>
  <softDeleteExpiryInterval>00:05:00</softDeleteExpiryInterval>
  <EnablePasswordSync>true</EnablePasswordSync>
  <attribute-mappings>
    <mapping execute-once="true">
      <dest>department</dest>
      <src> Sales &amp; more </src>
      <valueMergeType>Merge</valueMergeType>
      <colour>blue</colour>
    </mapping>
    <mapping>
      <dest>displayName</dest>
      <src>
        <attr>displayName</attr>
        <attr>cn</attr>
      </src>
      <expression>IIF(IsNullOrEmpty([displayName]),
 [cn],[displayName])</expression>
      <valueMergeType>Update</valueMergeType>
    </mapping>
    <mapping>
      <dest>domainFQDN</dest>
      <expression>%Domain.FQDN%</expression>
      <valueMergeType>Update</valueMergeType>
    </mapping>
  </attribute-mappings>
  <relationshipCriteria>
    <conditions>
      <condition>
        <caseSensitive>True</caseSensitive>
        <csAttribute>mail</csAttribute>
        <ilmAttribute>mail</ilmAttribute>
      </condition>
    </conditions>
  </relationshipCriteria>
  <synchronizationCriteria>
    <conditions>
      <scope>
        <csAttribute>mailNickname</csAttribute>
        <csOperator>ISNOTNULL</csOperator>
        <csValue />
      </scope>
    </conditions>
  </synchronizationCriteria>
  <note kept="yes">of a later version</note>
</synchronizationRule>"#;

    #[test]
    fn a_rule_is_written_as_it_was_read() {
        let mut reading = Reading::of("rule.xml");
        let rule = ServerRule::read(&parse(WHOLE).unwrap(), &mut reading);
        assert_eq!(reading.faults, []);
        assert_eq!(reading.warnings.iter().map(|found| found.element.as_str()).collect::<Vec<_>>(), ["colour", "note"]);
        assert_eq!(rule.to_element().render(), WHOLE);
        assert_eq!(rule.mappings[0].source, MappingSource::Constant(" Sales & more ".to_owned()));
    }

    #[test]
    fn faults_name_element_value_and_what_is_possible() {
        let check = |from: &str, to: &str, element: &str, words: &str| {
            let mut reading = Reading::of("rule.xml");
            let text = WHOLE.replace(from, to);
            assert_ne!(text, WHOLE, "{from} is not there");
            ServerRule::read(&parse(&text).unwrap(), &mut reading);
            let found = reading.faults.iter().any(|found| found.element == element && found.message.contains(words));
            assert!(found && reading.faults[0].file == "rule.xml", "{:?}", reading.faults);
        };
        check("StickyJoin", "Marry", "linkType", "\"Marry\" is not known; it can be Provision");
        check("Inbound", "Sideways", "direction", "\"Sideways\"");
        check("ISNOTNULL", "ISNICE", "csOperator", "\"ISNICE\" is not a scope operator");
        check(">Merge<", ">Blend<", "valueMergeType", "\"Blend\"");
        check("<precedence>50</precedence>", "<precedence>first</precedence>", "precedence", "\"first\"");
        check("<precedence>50</precedence>", "", ROOT, "precedence is missing");
        check("<precedence>50</precedence>", "<precedence>5</precedence><precedence>6</precedence>", ROOT, "twice");
        check("{ae4db4cc-b16b-4eb2-acf5-837ca84e4d7d}", "{ae4db4cc}", "connector", "\"{ae4db4cc}\" is not a GUID");
        check("<disabled>True", "<disabled>perhaps", "disabled", "\"perhaps\"");
        check("<dest>department</dest>", "<dest />", "dest", "empty");
        check("<name>In from AD - Sales</name>", "<name> </name>", "name", "empty");
        check("<name>In from AD - Sales</name>", "", ROOT, "name is missing");
        let many = "<mapping><dest>a</dest></mapping>".repeat(MOST_PARTS);
        check("<attribute-mappings>", &format!("<attribute-mappings>{many}"), "attribute-mappings", "5003 flows");
        check("execute-once=\"true\"", "execute-once=\"often\"", "mapping/@execute-once", "\"often\"");
    }
}
