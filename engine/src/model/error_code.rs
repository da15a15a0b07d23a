//! The vocabulary of per-object errors (`engine.md` 9). Codes are stored and shown verbatim.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// An error code of the documented list, or the text a directory gave.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ErrorCode(pub Cow<'static, str>);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        impl ErrorCode {
            $($(#[$doc])* pub const $name: Self = Self(Cow::Borrowed($text));)*
        }
    };
}

codes! {
    /// The object's DN is missing.
    MISSING_DN = "missing-dn";
    /// The object's DN is malformed.
    INVALID_DN = "invalid-dn";
    /// The anchor could not be built.
    MISSING_ANCHOR = "missing-anchor-component";
    /// The anchor is longer than a connector space can hold.
    ANCHOR_TOO_LONG = "anchor-too-long";
    /// The directory returned the same anchor twice in one run.
    DUPLICATE_OBJECT = "duplicate-object";
    /// The object has no class.
    MISSING_OBJECT_CLASS = "missing-object-class";
    /// The object has no type.
    MISSING_OBJECT_TYPE = "missing-object-type";
    /// The object's type is unknown to the connector.
    UNMAPPABLE_OBJECT_TYPE = "unmappable-object-type";
    /// The entry could not be read.
    PARSE_ERROR = "parse-error";
    /// The entry could not be stored.
    STAGING_ERROR = "staging-error";
    /// A change arrived for an object that was never imported.
    NEED_FULL_OBJECT = "need-full-object";
    /// Several values for a single-valued attribute of the directory.
    MULTI_SINGLE_MISMATCH = "multi-single-mismatch";
    /// A value does not fit the schema.
    INVALID_ATTRIBUTE_VALUE = "invalid-attribute-value";
    /// A value is not base64.
    INVALID_BASE64_VALUE = "invalid-base64-value";
    /// A value is not a number.
    INVALID_NUMERIC_VALUE = "invalid-numeric-value";
    /// A value is neither True nor False.
    INVALID_BOOLEAN_VALUE = "invalid-boolean-value";
    /// A reference is not a DN.
    INVALID_REFERENCE_VALUE = "invalid-reference-value";
    /// Two objects of one connector flow through one rule into one identity.
    AMBIGUOUS_IMPORT_FLOW = "ambiguous-import-flow-from-multiple-connectors";
    /// Several values cannot flow to a single-valued attribute.
    MULTI_VALUES_TO_SINGLE = "flow-multi-values-to-single-value";
    /// Values of several rules cannot flow to a single-valued attribute of a target.
    AMBIGUOUS_EXPORT_FLOW = "ambiguous-export-flow-to-single-valued-attribute";
    /// The referenced identity has more than one object in the target.
    AMBIGUOUS_REFERENCE = "ambigous-reference-value-for-export-flow";
    /// A value's type differs from the schema's.
    ATTRIBUTE_TYPE_MISMATCH = "cs-attribute-type-mismatch";
    /// A text is longer than the metaverse allows.
    MV_CONSTRAINT_VIOLATION = "mv-constraint-violation";
    /// An exported value came back different.
    EXPORTED_CHANGE_NOT_REIMPORTED = "exported-change-not-reimported";
    /// An expression failed or called `Error`.
    ERROR_FUNCTION_TRIGGERED = "sync-rule-error-function-triggered";
    /// A rule could not create the object in the target.
    PROVISIONING_FAILED = "sync-rule-flow-provisioning-failed";
    /// The name that rules give lies outside of what the connector imports.
    CONNECTOR_FILTER_VIOLATION = "connector-filter-rule-violation";
    /// Rules of different merge types flow to one attribute.
    INBOUND_FLOW_RULES_INVALID = "sync-rule-inbound-flow-rules-invalid";
    /// Outbound rules of different merge types flow to one attribute.
    OUTBOUND_FLOW_RULES_INVALID = "sync-rule-outbound-flow-rules-invalid";
    /// An expression cannot be compiled.
    INVALID_EXPRESSION = "sync-rule-invalid-expression";
    /// A flow reads an attribute that the schema lacks.
    FLOW_ATTRIBUTE_NOT_FOUND = "sync-rule-flow-attribute-not-found";
    /// A scoping filter asks for an attribute that the schema lacks.
    SCOPE_ATTRIBUTE_NOT_FOUND = "sync-rule-required-attr-not-found";
    /// A join condition compares an attribute that the schema lacks.
    JOIN_ATTRIBUTE_NOT_FOUND = "sync-rule-relationship-criteria-attribute-not-found";
    /// A rule is for an object type that the schema lacks, or asks for membership in something that is no name.
    RULE_INVALID = "sync-rule-validation-parsing-error";
    /// A constant is neither True nor False.
    INVALID_BOOLEAN_CONSTANT = "invalid-boolean-constant-flow";
    /// A reference has no constant.
    INVALID_REFERENCE_CONSTANT = "invalid-reference-constant-flow";
    /// Rules with different join criteria are in scope.
    DIFFERENT_JOIN_CRITERIA = "different join criteria";
    /// Rules keep re-provisioning one object.
    PROVISIONING_LIMIT = "extension-provisioning-call-limit-reached";
    /// Something the engine did not expect; the log holds more.
    UNEXPECTED_ERROR = "unexpected-error";
    /// An object with this DN or anchor already exists in the directory.
    CD_EXISTING_OBJECT = "cd-existing-object";
    /// The object is not in the directory.
    CD_MISSING_OBJECT = "cd-missing-object";
    /// The parent does not exist in the directory.
    NON_EXISTENT_PARENT = "non-existent-parent";
    /// The account may not write.
    PERMISSION_ISSUE = "permission-issue";
    /// The attribute cannot be written.
    READONLY_ATTRIBUTE = "readonly-attribute";
    /// The directory rejected a value.
    CONSTRAINT_VIOLATION = "constraint-violation";
    /// Some references were not accepted.
    DN_ATTRIBUTES_FAILURE = "dn-attributes-failure";
    /// The directory could not be reached.
    CD_CONNECTIVITY = "cd-connectivity-error";
    /// The directory reported an error of its own.
    CD_ERROR = "cd-error";
    /// The container still holds objects.
    UNSUPPORTED_CONTAINER_DELETE = "unsupported-container-delete";
    /// The connector cannot export this type.
    NO_EXPORT_TO_TYPE = "no-export-to-this-object-type";
}

impl ErrorCode {
    /// The documented codes; `docs/error-codes.md` tells when each is reported, or why it never is.
    pub const DOCUMENTED: &'static [&'static str] = &[
        "missing-dn",
        "invalid-dn",
        "dn-not-ldap-conformant",
        "missing-anchor-component",
        "multi-valued-anchor-component",
        "anchor-too-long",
        "duplicate-object",
        "missing-object-class",
        "missing-object-type",
        "unmappable-object-type",
        "missing-change-type",
        "invalid-change-type",
        "multi-valued-change-type",
        "invalid-modification-type",
        "conflicting-modification-types",
        "need-full-object",
        "parse-error",
        "read-error",
        "staging-error",
        "multi-single-mismatch",
        "invalid-attribute-value",
        "invalid-base64-value",
        "invalid-numeric-value",
        "invalid-boolean-value",
        "unsupported-value-type",
        "invalid-reference-value",
        "reference-value-not-ldap-conformant",
        "ambiguous-import-flow-from-multiple-connectors",
        "ambiguous-export-flow-to-single-valued-attribute",
        "flow-multi-values-to-single-value",
        "ambigous-reference-value-for-export-flow",
        "cs-attribute-type-mismatch",
        "mv-constraint-violation",
        "join-object-id-must-be-single-valued",
        "cannot-parse-object-id",
        "dn-index-out-of-bounds",
        "cannot-parse-dn-component",
        "exported-change-not-reimported",
        "connector-filter-rule-violation",
        "unsupported-container-delete",
        "unsupported-container-rename",
        "unexported-container-rename",
        "extension-provisioning-call-limit-reached",
        "locking-error-needs-retry",
        "write-locking-error-needs-retry",
        "unique-index-violation",
        "encryption-key-lost",
        "unexpected-error",
        "sync-rule-error-function-triggered",
        "sync-rule-flow-provisioning-failed",
        "sync-rule-inbound-flow-rules-invalid",
        "sync-rule-outbound-flow-rules-invalid",
        "sync-rule-invalid-expression",
        "sync-rule-invalid-function-xml",
        "sync-rule-invalid-xml-attribute-flow",
        "sync-rule-flow-attribute-not-found",
        "sync-rule-required-attr-not-found",
        "sync-rule-relationship-criteria-attribute-not-found",
        "sync-rule-scoping-filter-invalid-xml",
        "sync-rule-scoping-filter-invalid-operator",
        "sync-rule-invalid-export-scoping-xml",
        "sync-rule-invalid-relationship-criteria-xml",
        "sync-rule-validation-parsing-error",
        "invalid-boolean-constant-flow",
        "invalid-reference-constant-flow",
        "cd-existing-object",
        "duplicate-anchor",
        "rename-to-existing-dn",
        "cd-missing-object",
        "cd-existing-attribute-or-value",
        "ambiguous-update",
        "non-existent-parent",
        "permission-issue",
        "readonly-attribute",
        "constraint-violation",
        "schema-violation",
        "syntax-violation",
        "type-mismatch",
        "modify-naming-attribute",
        "missing-provisioning-attribute",
        "invalid-provisioning-attribute-value",
        "unexpected-provisioning-attribute",
        "no-export-to-this-object-type",
        "dn-attributes-failure",
        "partial-success",
        "password-policy-violation",
        "password-set-disallowed",
        "encryption-not-enabled",
        "kerberos-time-skew",
        "kerberos-no-logon-server",
        "cd-connectivity-error",
        "cd-error",
        "error-code",
        "error-literal",
        "encrypted-attributes",
        "code-page-conversion",
        "insufficient-columns",
        "insufficient-field-width",
        "InvalidSoftMatch",
        "AttributeValueMustBeUnique",
        "ObjectTypeMismatch",
        "IdentityDataValidationFailed",
        "FederatedDomainChangeError",
        "LargeObject",
        "ExceededAllowedLength",
        "ExistingAdminRoleConflict",
        "PropertyConflict",
        "different join criteria",
        "Existing Admin Role Conflict",
        "Deletion access violation",
        "Password access violation",
    ];

    /// A code given by a directory or tenant, such as `AttributeValueMustBeUnique`.
    #[must_use]
    pub fn from_directory(code: impl Into<String>) -> Self {
        Self(Cow::Owned(code.into()))
    }

    /// The text of the code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The part of a synchronization in which an error arose (`engine.md` 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlgorithmStep {
    /// Staging an import.
    Staging,
    /// Finding the metaverse object.
    Join,
    /// Creating the metaverse object.
    Projection,
    /// Inbound attribute flow.
    ImportFlow,
    /// Creating or linking the target object.
    Provisioning,
    /// Unlinking or deleting the target object.
    Deprovisioning,
    /// Outbound attribute flow.
    ExportFlow,
    /// Removing the metaverse object.
    MvDeletion,
    /// Sending to the directory.
    Export,
}

impl AlgorithmStep {
    /// The word of the original.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Join => "join",
            Self::Projection => "projection",
            Self::ImportFlow => "import-flow",
            Self::Provisioning => "provisioning",
            Self::Deprovisioning => "deprovisioning",
            Self::ExportFlow => "export-flow",
            Self::MvDeletion => "mv-deletion",
            Self::Export => "export",
        }
    }
}

/// What an error is about, beyond its code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectErrorDetail {
    /// Part of the synchronization.
    pub step: Option<AlgorithmStep>,
    /// Name of the rule.
    pub rule: Option<String>,
    /// Attribute concerned.
    pub attribute: Option<String>,
    /// Value concerned, cut to 256 characters.
    pub value: Option<String>,
    /// The expression, when one failed.
    pub expression: Option<String>,
    /// What the directory said, verbatim.
    pub server_detail: Option<String>,
}

/// An error of one object. Never stops a run; recorded, counted, retried, cleared on success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectError {
    /// The documented code.
    pub code: ErrorCode,
    /// The sentence for the administrator, innermost cause first.
    pub message: String,
    /// What it is about.
    #[serde(default)]
    pub detail: ObjectErrorDetail,
}

impl ObjectError {
    /// An error with a message and nothing else.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: ObjectErrorDetail::default() }
    }

    /// Says in which part of the synchronization it arose.
    #[must_use]
    pub fn at(mut self, step: AlgorithmStep) -> Self {
        self.detail.step = Some(step);
        self
    }

    /// Names the rule.
    #[must_use]
    pub fn rule(mut self, rule: impl Into<String>) -> Self {
        self.detail.rule = Some(rule.into());
        self
    }

    /// Names the attribute.
    #[must_use]
    pub fn attribute(mut self, attribute: impl Into<String>) -> Self {
        self.detail.attribute = Some(attribute.into());
        self
    }

    /// Names the value; long ones are cut.
    #[must_use]
    pub fn value(mut self, value: &str) -> Self {
        self.detail.value = Some(value.chars().take(256).collect());
        self
    }
}
