//! The two scaling laws.
//!
//! Amdahl, "Validity of the single processor approach" (1967), as a law of throughput: X(N) = λN / (1 + σ(N-1)).
//! Gunther's Universal Scalability Law ("Guerrilla Capacity Planning", 2007, chapter 4) adds the loss of each agent to
//! each other: X(N) = λN / (1 + σ(N-1) + κN(N-1)). Both are descriptions; a good fit proves no mechanism.

/// A scaling law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Contention alone; needs three distinct numbers of agents.
    Amdahl,
    /// The Universal Scalability Law; needs four.
    Usl,
}

impl Model {
    /// The distinct numbers of agents that a fit needs: one more than there are parameters.
    pub fn least_points(self) -> usize {
        self.parameters() + 1
    }

    /// The number of fitted parameters.
    pub(super) fn parameters(self) -> usize {
        self.free().into_iter().filter(|free| *free).count()
    }

    /// True for each of λ, σ and κ that is fitted.
    pub(super) fn free(self) -> [bool; 3] {
        [true, true, self == Self::Usl]
    }
}

/// A curve of the Universal Scalability Law; κ = 0 is Amdahl's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    /// Throughput of a single agent, λ, in the unit of the data.
    pub lambda: f64,
    /// Contention σ: the share of work that is done one agent at a time.
    pub sigma: f64,
    /// Coherency κ: the loss of each agent to each other agent.
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

    /// The derivatives of ln X(n) by λ, σ and κ.
    pub(super) fn log_gradient(&self, n: f64) -> [f64; 3] {
        let drag = self.drag(n);
        [1.0 / self.lambda, (1.0 - n) / drag, n * (1.0 - n) / drag]
    }
}
