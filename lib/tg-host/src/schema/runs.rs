//! The row of a run in `experiment_runs`: its presence, and the end that is written into it.

use crate::experiment_tables::{self, AgentRow, RunRow};
use rusqlite::{Connection, Result, TransactionBehavior};

/// True if the database has a row for `run`; false also for a database that does not have our tables.
pub fn has_run(db: &Connection, run: &str) -> bool {
    let sql = "SELECT 1 FROM experiment_runs WHERE id = ?1";
    db.query_row(sql, [run], |_| Ok(())).is_ok()
}

/// The run object of the first run in the database, as JSON text.
pub fn first_run_json(db: &Connection) -> Option<String> {
    let sql = "SELECT run_json FROM experiment_runs";
    db.query_row(sql, [], |row| row.get(0)).ok()
}

/// The row of an agent of which only the plan is known.
pub fn planned_agent(run: &str, worker: &str, role: &str, tags: &[String]) -> AgentRow {
    AgentRow {
        run_id: run.into(),
        worker_id: worker.into(),
        role: Some(role.into()),
        tags: Some(serde_json::json!(tags).to_string()),
        ..AgentRow::default()
    }
}

/// Writes the end of a run and its agents' rows in one transaction.
pub fn store_end(db: &mut Connection, end: &RunRow, agents: &[AgentRow]) -> Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for agent in agents {
        experiment_tables::put_agent(&transaction, agent)?;
    }
    experiment_tables::put_end(&transaction, end)?;
    transaction.commit()
}
