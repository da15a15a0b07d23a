//! The object that an expression reads, as the options describe it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use syncline_engine::service::{ExpressionObject, shipped_object};
use syncline_expression::{AttributeKind, AttributeType, Program, Schema, SourceAttribute, SourceObject, nearest};

use super::assignment::{self, Assignment, Parameter};
use super::object_file;
use crate::cli::cs::object_guid;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;

/// Options that describe an object.
#[derive(Args, Debug)]
pub struct SourceArgs {
    /// Give an attribute a value; may be repeated
    #[arg(long = "set", value_name = "NAME[:TYPE][=VALUE]")]
    pub assignments: Vec<Assignment>,
    /// Read the attributes from a JSON file; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["connector", "dn", "mv"])]
    pub object_file: Option<PathBuf>,
    /// Name or GUID of a connector: that of --dn, or that whose outbound rules read --mv
    #[arg(long, value_name = "CONNECTOR")]
    pub connector: Option<String>,
    /// Take an object of the connector space
    #[arg(long, value_name = "DN", requires = "connector", conflicts_with = "mv")]
    pub dn: Option<String>,
    /// Take a metaverse object
    #[arg(long, value_name = "ID")]
    pub mv: Option<String>,
    /// Object type whose attributes there are [default: user]
    #[arg(long = "type", value_name = "TYPE", conflicts_with_all = ["dn", "mv"])]
    pub object_type: Option<String>,
    /// Give a parameter a value; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub parameters: Vec<Parameter>,
}

/// The object, and what is worth knowing about it.
#[derive(Debug)]
pub struct Source {
    /// The object with its schema.
    pub object: SourceObject,
    /// Inbound rules read it.
    pub inbound: bool,
    /// Attributes that the directory's schema lacks.
    lacking: BTreeSet<String>,
    /// Parameters that nobody has given a value.
    open_parameters: BTreeSet<String>,
    /// What was understood in a way that should be told.
    warnings: Vec<String>,
}

impl SourceArgs {
    /// Builds the object.
    ///
    /// # Errors
    /// [`Failure`] when it is not found, a file cannot be read or a value does not fit its type.
    pub fn load(&self, session: &Session) -> Result<Source, Failure> {
        let ExpressionObject { source: object, lacking, inbound } = self.base(session)?;
        let of_data_folder = self.dn.is_some() || self.mv.is_some();
        let mut source = Source {
            object,
            inbound,
            lacking: lacking.into_iter().collect(),
            open_parameters: BTreeSet::new(),
            warnings: Vec::new(),
        };
        if let Some(path) = &self.object_file {
            object_file::load(path, &mut source.object)?;
        }
        source.assign(&self.assignments)?;
        for parameter in &self.parameters {
            source.object.parameters.insert(parameter.name.clone(), parameter.value.clone());
        }
        if !of_data_folder {
            let given = |name: &String| self.parameters.iter().any(|parameter| parameter.name == *name);
            let open = source.object.parameters.iter().filter(|(name, value)| value.is_none() && !given(name));
            source.open_parameters = open.map(|(name, _)| name.clone()).collect();
        }
        Ok(source)
    }

    fn is_metaverse_type(&self) -> bool {
        self.object_type.as_deref().is_some_and(|object_type| object_type.starts_with("mv:"))
    }

    fn base(&self, session: &Session) -> Result<ExpressionObject, Failure> {
        match (&self.connector, &self.dn, &self.mv) {
            (Some(connector), Some(dn), _) => session.query(|engine| Ok(engine.expression_object(connector, dn)?)),
            (connector, None, Some(mv)) => {
                let guid = object_guid(mv)?;
                session.query(|engine| Ok(engine.expression_mv_object(guid, connector.as_deref())?))
            }
            (Some(_), None, None) if !self.is_metaverse_type() => {
                Err(Failure::new(Exit::Usage, "--connector goes with --dn, --mv or a --type of the metaverse such as mv:person"))
            }
            (_, None, None) => Ok(shipped_object(self.object_type.as_deref().unwrap_or("user"))?),
            (None, Some(_), _) => Err(Failure::new(Exit::Usage, "--dn goes with --connector")),
        }
    }
}

impl Source {
    /// Compiles an expression against the object.
    ///
    /// # Errors
    /// [`Failure`] with the place of every error.
    pub fn compile(&self, expression: &str, columns: Option<usize>) -> Result<Program, Failure> {
        self.object.compile(expression).map_err(|problems| super::problem::failure(expression, &problems, columns))
    }

    /// What is worth knowing about the attributes and parameters that a program reads.
    #[must_use]
    pub fn warnings(&self, program: &Program) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        let read: BTreeSet<&str> = program.attributes().iter().map(|used| used.name.as_str()).collect();
        for name in read.into_iter().filter(|name| self.lacking.contains(*name)) {
            warnings.push(format!(
                "the connector's schema has no attribute \"{name}\": default rules read it as absent, in a rule of your own it is an error"
            ));
        }
        for name in program.parameters().iter().filter(|name| self.open_parameters.contains(*name)) {
            warnings.push(format!("%{name}% has no value here and reads as NULL; --param {name}=VALUE gives it one"));
        }
        warnings
    }

    /// Applies `--set`.
    fn assign(&mut self, assignments: &[Assignment]) -> Result<(), Failure> {
        let mut names: Vec<&str> = Vec::new();
        let mut groups: BTreeMap<&str, Vec<&Assignment>> = BTreeMap::new();
        for assignment in assignments {
            if !groups.contains_key(assignment.name.as_str()) {
                names.push(&assignment.name);
            }
            groups.entry(&assignment.name).or_default().push(assignment);
        }
        for name in names {
            let group = groups.remove(name).unwrap_or_default();
            let attribute = self.attribute(name, &group).map_err(|fault| Failure::invalid(format!("--set {name}: {fault}")))?;
            object_file::set(&mut self.object, name, attribute);
            self.lacking.remove(name);
        }
        Ok(())
    }

    /// One attribute out of everything that is said of it.
    fn attribute(&mut self, name: &str, group: &[&Assignment]) -> Result<SourceAttribute, String> {
        let texts: Vec<&str> = group.iter().filter_map(|assignment| assignment.value.as_deref()).collect();
        let mut given = group.iter().filter_map(|assignment| assignment.attribute_type);
        let attribute_type = match (given.next(), self.object.attribute(name)) {
            (Some(first), _) => match given.find(|other| *other != first) {
                Some(other) => return Err(format!("two types are given, {} and {}", first.name(), other.name())),
                None => first,
            },
            (None, Some(known)) => known,
            (None, None) => {
                let found = AttributeType { kind: AttributeKind::Text, multi_valued: texts.len() > 1 };
                self.warn_unknown(name, found);
                found
            }
        };
        if texts.len() > 1 && !attribute_type.multi_valued {
            let kind = attribute_type.name();
            return Err(format!(
                "{} values, but the attribute is single-valued ({kind}); write {name}:mv{kind}=VALUE",
                texts.len()
            ));
        }
        let values = texts.into_iter().map(|text| assignment::value(attribute_type.kind, text)).collect::<Result<_, _>>();
        let values = values.map_err(|fault| format!("the attribute is {}, and {fault}", attribute_type.name()))?;
        Ok(SourceAttribute { attribute_type, values })
    }

    fn warn_unknown(&mut self, name: &str, found: AttributeType) {
        let known = self.object.attribute_names();
        let near = nearest(name, known.iter().map(String::as_str)).map(|near| format!("; did you mean \"{near}\"?"));
        self.warnings.push(format!(
            "\"{name}\" is no attribute of {} and taken as {kind}{}",
            self.object.description,
            near.unwrap_or_else(|| format!("; write {name}:{kind} to say so", kind = found.name())),
            kind = found.name(),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::{Format, Output};
    use crate::cli::sample;
    use syncline_expression::Value;

    fn session() -> Session {
        let output = Output { command: "expression eval", format: Format::Text, quiet: false, view: sample::view() };
        Session { folder: None, output }
    }

    fn arguments(object_type: Option<&str>, assignments: &[&str], parameters: &[&str]) -> SourceArgs {
        SourceArgs {
            assignments: assignments.iter().map(|text| text.parse().unwrap()).collect(),
            object_file: None,
            connector: None,
            dn: None,
            mv: None,
            object_type: object_type.map(str::to_owned),
            parameters: parameters.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }

    fn load(object_type: Option<&str>, assignments: &[&str], parameters: &[&str]) -> Result<Source, String> {
        arguments(object_type, assignments, parameters).load(&session()).map_err(|failure| failure.message)
    }

    #[test]
    fn types_come_from_the_schema_unless_they_are_given() {
        let check = |object_type: Option<&str>, assignments: &[&str], name: &str, kind: &str, count: usize| {
            let source = load(object_type, assignments, &[]).unwrap();
            let attribute = &source.object.attributes[name];
            assert_eq!((attribute.attribute_type.name(), attribute.values.len()), (kind, count), "{assignments:?}");
            assert_eq!(source.object.imported[name], attribute.values);
        };
        check(None, &["displayName=Ann"], "displayName", "str", 1);
        check(None, &["userAccountControl=512"], "userAccountControl", "num", 1);
        check(None, &["proxyAddresses=smtp:a"], "proxyAddresses", "mvstr", 1);
        check(None, &["proxyAddresses=smtp:a", "proxyAddresses=smtp:b"], "proxyAddresses", "mvstr", 2);
        check(None, &["objectGUID=AQI="], "objectGUID", "bin", 1);
        check(None, &["displayName:mvstr"], "displayName", "mvstr", 0);
        check(None, &["own:num=7"], "own", "num", 1);
        check(None, &["own:mvstr=a", "own=b"], "own", "mvstr", 2);
        check(None, &["own=a", "own=b"], "own", "mvstr", 2);
        check(Some("mv:person"), &["cloudFiltered=true"], "cloudFiltered", "bool", 1);
        check(Some("group"), &["member=CN=a", "member=CN=b"], "member", "mvref", 2);
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let check = |object_type: Option<&str>, assignments: &[&str], words: &str| {
            let message = load(object_type, assignments, &[]).unwrap_err();
            assert!(message.contains(words), "{message}");
        };
        check(
            None,
            &["mail=a", "mail=b"],
            "--set mail: 2 values, but the attribute is single-valued (str); write mail:mvstr=VALUE",
        );
        check(None, &["userAccountControl=x"], "--set userAccountControl: the attribute is num, and \"x\" is no whole number");
        check(None, &["a:str=x", "a:num=1"], "--set a: two types are given, str and num");
        check(Some("robot"), &[], "Active Directory has no object type \"robot\"; its types: ");
    }

    #[test]
    fn what_may_be_a_mistake_is_told() {
        let check = |assignments: &[&str], parameters: &[&str], expression: &str, expected: &[&str]| {
            let source = load(None, assignments, parameters).unwrap();
            let program = source.compile(expression, None).unwrap();
            assert_eq!(source.warnings(&program), expected, "{expression}");
        };
        check(&["displayName=Ann"], &[], "[displayName]", &[]);
        check(
            &["displayNme=Ann"],
            &[],
            "[displayName]",
            &[
                "\"displayNme\" is no attribute of object type user of Active Directory and taken as str; did you mean \"displayName\"?",
            ],
        );
        check(
            &["shoeSize=9"],
            &[],
            "[shoeSize]",
            &[
                "\"shoeSize\" is no attribute of object type user of Active Directory and taken as str; write shoeSize:str to say so",
            ],
        );
        check(&["shoeSize:str=9"], &[], "[shoeSize]", &[]);
        check(
            &[],
            &[],
            "%Domain.FQDN%",
            &["%Domain.FQDN% has no value here and reads as NULL; --param Domain.FQDN=VALUE gives it one"],
        );
        check(&[], &["Domain.FQDN=contoso.com"], "%Domain.FQDN%", &[]);
        check(&[], &["Domain.FQDN"], "%Domain.FQDN%", &[]);
    }

    #[test]
    fn later_words_replace_what_the_object_has() {
        let mut arguments = arguments(None, &["mail=b"], &["P=x"]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("object.json");
        std::fs::write(&file, r#"{"mail": "a", "title": "Lead"}"#).unwrap();
        arguments.object_file = Some(file);
        let object = arguments.load(&session()).unwrap().object;
        assert_eq!(object.attributes["mail"].values, [Value::Text("b".into())]);
        assert_eq!(object.attributes["title"].values, [Value::Text("Lead".into())]);
        assert_eq!(object.parameters["P"].as_deref(), Some("x"));
    }

    #[test]
    fn a_connector_alone_is_no_object() {
        let failure = SourceArgs { connector: Some("contoso.com".into()), ..arguments(None, &[], &[]) }.load(&session());
        assert_eq!(failure.unwrap_err().exit, Exit::Usage);
    }
}
