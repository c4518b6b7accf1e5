//! Our three tables beside the host's, which ignores them: `get_schema` and `query` show them, its export does not.
//!
//! With them a run database, and so a snapshot, contains the whole run: `experiment_runs` carries the run object and the
//! workflow configuration, `experiment_tasks` the template task each task was made from, `experiment_agents` the role and
//! the cost of each agent (the host forgets its workers when they leave). They are written before the first server starts
//! and after the last has ended, never between.
//!
//! The list of columns below is the only one: the row types, CREATE, INSERT and UPDATE are derived from it, and snapshots
//! are read into the same types. Times are milliseconds since the epoch, unknown is null.

use rusqlite::types::{ToSqlOutput, Value as Sql};
use rusqlite::{Connection, Result, ToSql, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Declares tables: the type of their rows, and [`CREATE`].
macro_rules! tables {
    ($($(#[$doc:meta])* $row:ident: $table:literal, key $key:literal {
        $($(#[$field:meta])* $column:ident: $kind:ty = $sql:literal,)*
    })*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $row {
            $($(#[$field])* pub $column: $kind,)*
        }

        impl $row {
            const TABLE: &str = $table;

            fn columns(&self) -> Vec<(&'static str, &dyn ToSql)> {
                vec![$((stringify!($column), &self.$column as &dyn ToSql)),*]
            }
        })*

        /// Creates the tables that do not exist yet.
        pub const CREATE: &str = concat!($(
            "CREATE TABLE IF NOT EXISTS ", $table, " (\n",
            $("    ", stringify!($column), " ", $sql, ",\n",)*
            "    PRIMARY KEY (", $key, ")\n);\n",
        )*);
    };
}

tables! {
    /// A row of `experiment_runs`: a run in this database. Snapshots are not asked for the first columns, which
    /// `run_json` contains.
    RunRow: "experiment_runs", key "id" {
        /// Run id.
        id: String = "TEXT",
        /// The experiment.
        #[serde(skip_deserializing)]
        experiment_name: String = "TEXT NOT NULL",
        /// The workflow.
        #[serde(skip_deserializing)]
        workflow_name: String = "TEXT NOT NULL",
        /// Number of agents.
        #[serde(skip_deserializing)]
        agent_count: Option<i64> = "INTEGER",
        /// The template.
        #[serde(skip_deserializing)]
        template_name: Option<String> = "TEXT",
        /// Time of launch, or of the opening of the start barrier.
        started_at: Option<i64> = "INTEGER",
        /// Time of the last terminal change, or of giving up.
        completed_at: Option<i64> = "INTEGER",
        /// The workflow configuration, as JSON.
        config_snapshot: Option<String> = "TEXT",
        /// The outcome.
        outcome: Option<String> = "TEXT",
        /// The whole `run` object of the record, as JSON.
        run_json: Option<String> = "TEXT",
        /// The verdict of the grade command: 1 passed, 0 not.
        verify_passed: Option<i64> = "INTEGER",
        /// The last number that the grade command printed.
        verify_score: Option<f64> = "REAL",
        /// Number of runs that were allowed to share the machine.
        side_by_side: Option<i64> = "INTEGER",
    }

    /// A row of `experiment_tasks`: the origin of a task.
    OriginRow: "experiment_tasks", key "task_id" {
        /// The run.
        run_id: String = "TEXT NOT NULL",
        /// The task.
        task_id: String = "TEXT",
        /// Its id in the template.
        template_task_id: String = "TEXT NOT NULL",
        /// The phase it was created in, of which the host writes no row.
        phase: Option<String> = "TEXT",
    }

    /// A row of `experiment_agents`: an agent of a run.
    AgentRow: "experiment_agents", key "run_id, worker_id" {
        /// The run.
        run_id: String = "TEXT NOT NULL",
        /// Worker id at the host.
        worker_id: String = "TEXT NOT NULL",
        /// `worker`, `coordinator`, ...
        role: Option<String> = "TEXT",
        /// JSON array of the tags it connected with.
        tags: Option<String> = "TEXT",
        /// The agent's program.
        program: Option<String> = "TEXT",
        /// The version that the program reports.
        version: Option<String> = "TEXT",
        /// Start of the process.
        started_at: Option<i64> = "INTEGER",
        /// Registration at the host.
        connected_at: Option<i64> = "INTEGER",
        /// End of the process.
        ended_at: Option<i64> = "INTEGER",
        /// Exit status, or `signal 15`.
        exit: Option<String> = "TEXT",
        /// The reason of its end: `exited`, `ended` (with its run), `cancelled`, `budget`, `no_mcp` (it never registered),
        /// or the cause that the program named itself: `auth`, `quota`; `lost` if its supervisor was killed, `disk` if the
        /// disk was full.
        end_reason: Option<String> = "TEXT",
        /// Cost in USD.
        cost_usd: Option<f64> = "REAL",
        /// Tokens read, cached ones included.
        tokens_in: Option<i64> = "INTEGER",
        /// Tokens written.
        tokens_out: Option<i64> = "INTEGER",
        /// Tokens read from a cache.
        tokens_cached: Option<i64> = "INTEGER",
        /// Tokens of thinking.
        tokens_thinking: Option<i64> = "INTEGER",
        /// `reported`, `priced`, `logged`, `simulated`, or null.
        cost_source: Option<String> = "TEXT",
    }
}

/// Columns of `experiment_runs` that are written when the run is made; all others when it has ended.
const WRITTEN_FIRST: [&str; 7] = [
    "id",
    "experiment_name",
    "workflow_name",
    "agent_count",
    "template_name",
    "config_snapshot",
    "run_json",
];

/// Writes the row of a new run.
pub fn put_run(db: &Connection, row: &RunRow) -> Result<()> {
    insert(db, "INSERT", RunRow::TABLE, &row.columns())
}

/// Writes the row of a new task.
pub fn put_origin(db: &Connection, row: &OriginRow) -> Result<()> {
    insert(db, "INSERT", OriginRow::TABLE, &row.columns())
}

/// Writes an agent's row, replacing an earlier one.
pub fn put_agent(db: &Connection, row: &AgentRow) -> Result<()> {
    insert(db, "INSERT OR REPLACE", AgentRow::TABLE, &row.columns())
}

/// Inserts a row. Nulls are left out: a table that an earlier build made may lack the column.
fn insert(db: &Connection, verb: &str, table: &str, columns: &[(&str, &dyn ToSql)]) -> Result<()> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (name, value) in columns {
        let value = value.to_sql()?;
        if value != ToSqlOutput::Owned(Sql::Null) {
            names.push(*name);
            values.push(value);
        }
    }
    let (places, names) = (vec!["?"; names.len()].join(", "), names.join(", "));
    let sql = format!("{verb} INTO {table} ({names}) VALUES ({places})");
    db.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    Ok(())
}

/// Writes the columns of a run's row that describe its start and end, nulls included; a column that the table lacks, as one
/// made by an earlier build may, is left out.
pub fn put_end(db: &Connection, row: &RunRow) -> Result<()> {
    let mut query = db.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names = query.query_map([RunRow::TABLE], |row| row.get(0))?;
    let names: Vec<String> = names.collect::<Result<_>>()?;
    let mut columns = row.columns();
    columns
        .retain(|(name, _)| !WRITTEN_FIRST.contains(name) && names.iter().any(|one| one == name));
    let set: Vec<_> = columns
        .iter()
        .map(|(name, _)| format!("{name} = ?"))
        .collect();
    let sql = format!(
        "UPDATE {} SET {} WHERE id = ?",
        RunRow::TABLE,
        set.join(", ")
    );
    columns.push(("id", &row.id));
    db.execute(
        &sql,
        params_from_iter(columns.iter().map(|column| column.1)),
    )?;
    Ok(())
}

impl RunRow {
    /// The value of a column as JSON, unless it is null or unknown.
    pub fn value(&self, column: &str) -> Option<Value> {
        let row = serde_json::to_value(self).ok()?;
        row.get(column).filter(|value| !value.is_null()).cloned()
    }
}
