//! `syncline convert`: one identity in the forms in which directories, the tenant and their tools show it.

use clap::{Args, Subcommand};
use serde_json::json;
use syncline_engine::interop::{IdentifierError, aad_dn, cloud_anchor, guid_of_immutable_id, immutable_id_of_guid};

use super::exit::Failure;
use super::output::Answer;
use super::text::safe;

/// Verbs of `convert`.
#[derive(Debug, Subcommand)]
pub enum ConvertCommand {
    /// GUID of a directory (objectGUID, mS-DS-ConsistencyGuid) to the tenant's immutable ID
    #[command(after_help = "\
Example:
  syncline convert immutable-id 88888888-0101-3333-cccc-1234567890cd")]
    ImmutableId(ConvertArgs),
    /// Immutable ID (source anchor) to the GUID of a directory
    #[command(after_help = "\
Example:
  syncline convert guid iGhmiAEBERG7uxI0VniQqw==")]
    Guid(ConvertArgs),
    /// Source anchor or cloud anchor to the DN in the tenant's connector space, and back
    #[command(after_help = "\
Examples:
  syncline convert aad-dn QF5HMK7n80qvdYsUPIHa9Q==
  syncline convert aad-dn 'CN={514635484D4B376E38307176645973555049486139513D3D}'")]
    AadDn(ConvertArgs),
    /// Cloud anchor such as User_GUID to its Base64 form, and back
    #[command(after_help = "\
Example:
  syncline convert cloud-anchor User_c72903ed-7816-41cd-9066-eac33d171d77")]
    CloudAnchor(ConvertArgs),
}

/// What is converted.
#[derive(Args, Debug)]
pub struct ConvertArgs {
    /// Values; each result is a line of its own
    #[arg(value_name = "VALUE", required = true)]
    values: Vec<String>,
}

impl ConvertCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ImmutableId(_) => "convert immutable-id",
            Self::Guid(_) => "convert guid",
            Self::AadDn(_) => "convert aad-dn",
            Self::CloudAnchor(_) => "convert cloud-anchor",
        }
    }

    /// Answers it.
    ///
    /// # Errors
    /// [`Failure`] when a value is not what the verb takes.
    pub fn run(&self) -> Result<Answer, Failure> {
        match self {
            Self::ImmutableId(arguments) => arguments.convert(immutable_id_of_guid),
            Self::Guid(arguments) => arguments.convert(|value| Ok(guid_of_immutable_id(value)?.to_string())),
            Self::AadDn(arguments) => arguments.convert(aad_dn),
            Self::CloudAnchor(arguments) => arguments.convert(cloud_anchor),
        }
    }
}

impl ConvertArgs {
    fn convert(&self, convert: impl Fn(&str) -> Result<String, IdentifierError>) -> Result<Answer, Failure> {
        let mut text = String::new();
        let mut data = Vec::with_capacity(self.values.len());
        for value in &self.values {
            let result = convert(value).map_err(|error| Failure::invalid(error.to_string()))?;
            text.push_str(&safe(&result));
            text.push('\n');
            data.push(json!({ "value": value, "result": result }));
        }
        Answer::new(&data, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_converted_in_order() {
        let values = |values: &[&str]| ConvertArgs { values: values.iter().map(ToString::to_string).collect() };
        let check = |command: ConvertCommand, expected: &str| {
            let answer = command.run().unwrap();
            assert_eq!(answer.text, expected);
            let lines: Vec<&str> = answer.data.as_array().unwrap().iter().map(|one| one["result"].as_str().unwrap()).collect();
            assert_eq!(lines, expected.lines().collect::<Vec<_>>());
        };
        check(
            ConvertCommand::ImmutableId(values(&[
                "88888888-0101-3333-cccc-1234567890cd",
                "88666888-0101-1111-bbbb-1234567890ab",
            ])),
            "iIiIiAEBMzPMzBI0VniQzQ==\niGhmiAEBERG7uxI0VniQqw==\n",
        );
        check(ConvertCommand::Guid(values(&["iGhmiAEBERG7uxI0VniQqw=="])), "88666888-0101-1111-bbbb-1234567890ab\n");
        check(
            ConvertCommand::AadDn(values(&["QF5HMK7n80qvdYsUPIHa9Q==", "CN={6162}"])),
            "CN={514635484D4B376E38307176645973555049486139513D3D}\nab\n",
        );
        let refused = ConvertCommand::CloudAnchor(values(&["nonsense"])).run().unwrap_err();
        assert!(refused.message.contains("nonsense"), "{}", refused.message);
    }
}
