//! The words for how a run and its agents ended, each an enum of which this file is the only home.
//!
//! Records and databases hold them as text in snake case. A word that this version does not know, from a newer writer or
//! from a hand-written record, is kept as [`Outcome::Other`]: reading and writing it again changes no byte.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// An enum that is stored as text, with a variant for text that this version does not know.
macro_rules! stored_as_text {
    ($name:ident, $known:ident, $($(#[$doc:meta])* $variant:ident),+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
        #[strum(serialize_all = "snake_case")]
        enum $known { $($variant),+ }

        impl $name {
            /// Every known value, in the order of the documentation.
            pub const ALL: [Self; $known::VARIANTS.len()] = [$(Self::$variant),+];

            /// The text in records and databases.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant => $known::$variant.into(),)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text.parse() {
                    $(Ok($known::$variant) => Self::$variant,)+
                    Err(_) => Self::Other(text.into()),
                }
            }
        }

        impl Default for $name {
            /// The empty text: not decided.
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self::from(String::deserialize(deserializer)?.as_str()))
            }
        }
    };
}

/// The way a run ended. `tg-wait` decides it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Every task succeeded.
    Completed,
    /// Every task is over, and some failed or were cancelled.
    FailedTasks,
    /// The time limit was reached.
    Timeout,
    /// No state change, tool call or heartbeat for the stall limit.
    Stalled,
    /// A budget in USD or tokens was spent.
    Budget,
    /// All agents exited while tasks were open.
    AgentsGone,
    /// No agent ever registered at the host.
    NeverConnected,
    /// The user stopped the run.
    Cancelled,
    /// The launcher, the disk, a login or a quota failed.
    Infra,
    /// A word of another version; empty while nothing is decided.
    Other(String),
}

stored_as_text!(
    Outcome,
    KnownOutcome,
    Completed,
    FailedTasks,
    Timeout,
    Stalled,
    Budget,
    AgentsGone,
    NeverConnected,
    Cancelled,
    Infra
);

impl Outcome {
    /// True if the machinery failed and not the agents: the reason for `retries` in a manifest.
    pub fn is_machinery(&self) -> bool {
        matches!(self, Self::Infra | Self::NeverConnected)
    }

    /// True if the outcome says nothing about the agents, because the machinery failed or no agent began. The same
    /// command runs such a run again.
    pub fn is_void(&self) -> bool {
        self.is_machinery() || *self == Self::Cancelled
    }

    /// True once an outcome was recorded.
    pub fn is_decided(&self) -> bool {
        !self.name().is_empty()
    }
}

/// The reason for which an agent's process ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndReason {
    /// It exited by itself.
    Exited,
    /// It was ended because its run was over.
    Ended,
    /// It was ended because the user stopped the run.
    Cancelled,
    /// It was ended because a budget was spent.
    Budget,
    /// It was ended because it did not register at the host in time.
    NoMcp,
    /// It exited because its provider refused the login.
    Auth,
    /// It exited because its provider refused for lack of quota.
    Quota,
    /// Its supervisor was killed.
    Lost,
    /// It was ended because the disk was full.
    Disk,
    /// A word of another version; empty where the agent has not ended.
    Other(String),
}

stored_as_text!(
    EndReason,
    KnownEndReason,
    Exited,
    Ended,
    Cancelled,
    Budget,
    NoMcp,
    Auth,
    Quota,
    Lost,
    Disk
);

impl EndReason {
    /// True if the cause lies outside of the agent and would meet the next one as well.
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::Auth | Self::Quota | Self::Disk)
    }
}

/// The cause that a program itself names for its failure, and that the next run would meet as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The provider refused the login.
    Auth,
    /// The provider refused for lack of quota.
    Quota,
}

impl Fault {
    /// The fault that `text` names in a file of ours.
    pub fn named(text: &str) -> Option<Self> {
        match EndReason::from(text) {
            EndReason::Auth => Some(Self::Auth),
            EndReason::Quota => Some(Self::Quota),
            _ => None,
        }
    }

    /// The text in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => KnownEndReason::Auth.into(),
            Self::Quota => KnownEndReason::Quota.into(),
        }
    }
}

impl From<Fault> for EndReason {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Auth => Self::Auth,
            Fault::Quota => Self::Quota,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::named(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a known fault")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_it_was_written_and_unknown_ones_are_kept() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from(outcome.name()), outcome);
            assert!(outcome.is_decided());
        }
        let names = Outcome::ALL.map(|outcome| outcome.to_string()).join(" ");
        let words = "completed failed_tasks timeout stalled budget agents_gone never_connected cancelled infra";
        assert_eq!(names, words);
        let names = EndReason::ALL.map(|reason| reason.to_string()).join(" ");
        assert_eq!(
            names,
            "exited ended cancelled budget no_mcp auth quota lost disk"
        );
        let later: Outcome = serde_json::from_str("\"abducted\"").unwrap();
        assert_eq!(later, Outcome::Other("abducted".into()));
        assert_eq!(serde_json::to_string(&later).unwrap(), "\"abducted\"");
        assert!(!Outcome::default().is_decided());
    }
}
