//! The tenant's synchronization features.

use super::Tenant;
use crate::SandboxError;
use crate::store;

/// One feature; the number is its bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Flag {
    PasswordHashSync = 1,
    PasswordWriteBack = 2,
    DirectoryExtensions = 4,
    DuplicateUpnResiliency = 8,
    SoftMatchOnUpn = 16,
    DuplicateProxyAddressResiliency = 32,
    EnforceCloudPasswordPolicy = 512,
    UnifiedGroupWriteback = 1024,
    UserWriteback = 2048,
    DeviceWriteback = 4096,
    SynchronizeUpnForManagedUsers = 8192,
    ForcePasswordChangeOnLogon = 16384,
    PassThroughAuthentication = 131_072,
    BlockSoftMatch = 524_288,
    BlockHardMatchTakeover = 1_048_576,
    // These have no documented bit; they are stored above the documented ones.
    BypassDirSyncOverrides = 1 << 40,
    GroupWriteback = 1 << 41,
    FopeConflictResolution = 1 << 42,
    ConcurrentCredentialUpdate = 1 << 43,
    ConcurrentOrgIdProvisioning = 1 << 44,
}

/// Every feature with its name on the sync channel.
pub(crate) const FEATURES: &[(Flag, &str)] = &[
    (Flag::PasswordHashSync, "PasswordHashSync"),
    (Flag::PasswordWriteBack, "PasswordWriteBack"),
    (Flag::DirectoryExtensions, "DirectoryExtensions"),
    (Flag::DuplicateUpnResiliency, "DuplicateUPNResiliency"),
    (Flag::SoftMatchOnUpn, "EnableSoftMatchOnUpn"),
    (Flag::DuplicateProxyAddressResiliency, "DuplicateProxyAddressResiliency"),
    (Flag::EnforceCloudPasswordPolicy, "EnforceCloudPasswordPolicyForPasswordSyncedUsers"),
    (Flag::UnifiedGroupWriteback, "UnifiedGroupWriteback"),
    (Flag::UserWriteback, "UserWriteback"),
    (Flag::DeviceWriteback, "DeviceWriteback"),
    (Flag::SynchronizeUpnForManagedUsers, "SynchronizeUpnForManagedUsers"),
    (Flag::ForcePasswordChangeOnLogon, "EnableUserForcePasswordChangeOnLogon"),
    (Flag::PassThroughAuthentication, "PassThroughAuthentication"),
    (Flag::BlockSoftMatch, "BlockSoftMatch"),
    (Flag::BlockHardMatchTakeover, "BlockCloudObjectTakeoverThroughHardMatch"),
    (Flag::BypassDirSyncOverrides, "bypassDirSyncOverrides"),
    (Flag::GroupWriteback, "groupWriteBack"),
    (Flag::FopeConflictResolution, "fopeConflictResolution"),
    (Flag::ConcurrentCredentialUpdate, "concurrentCredentialUpdate"),
    (Flag::ConcurrentOrgIdProvisioning, "concurrentOrgIdProvisioning"),
];

impl Flag {
    /// Features that cannot be turned off once they are on.
    pub(crate) fn is_permanent(self) -> bool {
        matches!(
            self,
            Flag::DuplicateUpnResiliency
                | Flag::SoftMatchOnUpn
                | Flag::DuplicateProxyAddressResiliency
                | Flag::SynchronizeUpnForManagedUsers
        )
    }
}

/// The set of features that are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flags(u64);

const DOCUMENTED: u64 = (1 << 40) - 1;

impl Default for Flags {
    /// The features of a new tenant.
    fn default() -> Self {
        let mut flags = Flags(0);
        for (flag, _) in FEATURES {
            flags.set(*flag, flag.is_permanent());
        }
        flags
    }
}

impl Flags {
    pub(crate) fn from_stored(stored: u64) -> Self {
        Self(stored)
    }

    pub(crate) fn stored(self) -> u64 {
        self.0
    }

    /// The documented bits.
    pub(crate) fn bits(self) -> u64 {
        self.0 & DOCUMENTED
    }

    /// The same features with other documented bits; bits without a meaning are refused.
    pub(crate) fn with_bits(self, bits: u64) -> Option<Flags> {
        let known = FEATURES.iter().fold(0, |sum, (flag, _)| sum | *flag as u64) & DOCUMENTED;
        (bits & !known == 0).then_some(Flags(self.0 & !DOCUMENTED | bits))
    }

    pub(crate) fn has(self, flag: Flag) -> bool {
        self.0 & flag as u64 != 0
    }

    pub(crate) fn set(&mut self, flag: Flag, on: bool) {
        if on {
            self.0 |= flag as u64;
        } else {
            self.0 &= !(flag as u64);
        }
    }
}

impl Tenant {
    /// Whether a feature is on.
    pub(crate) fn has(&self, flag: Flag) -> bool {
        self.flags.has(flag)
    }

    /// The features that are on.
    pub(crate) fn flags(&self) -> Flags {
        self.flags
    }

    /// Writes the features, without asking whether they may change.
    pub(crate) fn set_flags(&mut self, flags: Flags) -> Result<(), SandboxError> {
        store::set_setting(&self.db, "features", &flags.stored().to_string())?;
        self.flags = flags;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_tenant_has_the_four_permanent_features() {
        assert_eq!(Flags::default().bits(), 8248);
    }

    #[test]
    fn unknown_bits_are_refused() {
        assert_eq!(Flags::default().with_bits(64), None);
        let flags = Flags::default().with_bits(8249).unwrap();
        assert!(flags.has(Flag::PasswordHashSync));
    }
}
