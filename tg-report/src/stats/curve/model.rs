//! The two laws of scaling.
//!
//! Amdahl, "Validity of the single processor approach" (1967), as a law of throughput: X(N) = λN / (1 + σ(N-1)). Gunther's
//! Universal Scalability Law ("Guerrilla Capacity Planning", 2007, chapter 4) adds what everybody loses to everybody:
//! X(N) = λN / (1 + σ(N-1) + κN(N-1)). Both are descriptions; a good fit proves no mechanism.

/// Which law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Contention alone; wants three distinct numbers of agents.
    Amdahl,
    /// The Universal Scalability Law; wants four.
    Usl,
}

impl Model {
    /// Distinct numbers of agents without which there is no fit: one more than there are parameters.
    pub fn least_points(self) -> usize {
        self.parameters() + 1
    }

    /// How many parameters are fitted.
    pub(super) fn parameters(self) -> usize {
        match self {
            Self::Amdahl => 2,
            Self::Usl => 3,
        }
    }
}

/// A curve of the Universal Scalability Law; κ = 0 is Amdahl's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    /// Throughput of a single agent, λ, in the unit of the data.
    pub lambda: f64,
    /// Contention σ: the share of work that waits its turn.
    pub sigma: f64,
    /// Coherency κ: what each agent loses to each other.
    pub kappa: f64,
}

impl Curve {
    /// Throughput of `n` agents.
    pub fn at(&self, n: f64) -> f64 {
        self.lambda * n / self.drag(n)
    }

    /// 1 + σ(n-1) + κn(n-1).
    fn drag(&self, n: f64) -> f64 {
        1.0 + (n - 1.0) * (self.sigma + self.kappa * n)
    }

    /// How ln X(n) moves with λ, σ and κ.
    pub(super) fn log_gradient(&self, n: f64) -> [f64; 3] {
        let drag = self.drag(n);
        [1.0 / self.lambda, (1.0 - n) / drag, n * (1.0 - n) / drag]
    }
}
