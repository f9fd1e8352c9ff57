//! The database of a service under test, read whole and tampered with from outside.

use super::app::TestApp;
use super::python::python;
use serde_json::json;

/// Every row but those of `fault`, a line each, in an order that does not depend on how they lie there.
const READ_SQLITE: &str = "
import json, sqlite3, sys
db = sqlite3.connect(json.load(sys.stdin)['path'], timeout=60)
names = [name for name, in db.execute(\"SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'fault'\")]
for name in sorted(names):
    for row in sorted(map(repr, db.execute(f'SELECT * FROM \"{name}\"'))):
        print(name, row)
";

const READ_POSTGRES: &str = "SELECT format('SELECT %L, t::text FROM %I t ORDER BY 2', relname, relname) FROM pg_class \
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'fault' ORDER BY relname";

/// A counter, and triggers on every table that count each row that is about to change down to the one that fails.
const PLANT_SQLITE: &str = "
import json, sqlite3, sys
db = sqlite3.connect(json.load(sys.stdin)['path'], timeout=60)
names = [name for name, in db.execute(\"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'\")]
db.execute('CREATE TABLE fault (rows_to_go INTEGER)')
db.execute('INSERT INTO fault VALUES (-1)')
for name in names:
    for change in ('INSERT', 'UPDATE', 'DELETE'):
        db.execute(f'''CREATE TRIGGER fault_{name}_{change} BEFORE {change} ON \"{name}\"
            WHEN (SELECT rows_to_go FROM fault) >= 0 BEGIN
                SELECT RAISE(ABORT, 'planted') WHERE (SELECT rows_to_go FROM fault) = 0;
                UPDATE fault SET rows_to_go = rows_to_go - 1;
            END''')
db.commit()
";

const PLANT_POSTGRES: &str = "CREATE TABLE fault (rows_to_go BIGINT); INSERT INTO fault VALUES (-1); \
    CREATE FUNCTION count_down() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE left_over BIGINT; BEGIN \
    UPDATE fault SET rows_to_go = rows_to_go - 1 WHERE rows_to_go >= 0 RETURNING rows_to_go INTO left_over; \
    IF left_over = -1 THEN RAISE EXCEPTION 'planted'; END IF; \
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$; \
    DO $$ DECLARE name TEXT; BEGIN FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r' \
    AND relnamespace = 'public'::regnamespace AND relname <> 'fault' LOOP \
    EXECUTE format('CREATE TRIGGER fault BEFORE INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION count_down()', name); \
    END LOOP; END $$";

const SET_SQLITE: &str = "
import json, sqlite3, sys
told = json.load(sys.stdin)
db = sqlite3.connect(told['path'], timeout=60)
db.execute('UPDATE fault SET rows_to_go = ?', (told['rows'],))
db.commit()
";

impl TestApp {
    /// All that is stored, as text that is equal where all of it is.
    pub(crate) async fn stored(&self) -> String {
        let Some(database) = self.shared_database() else {
            return self.by_python(READ_SQLITE, 0);
        };
        let statements = database.run(READ_POSTGRES).await;
        let statements: Vec<_> = statements.lines().map(str::to_owned).collect();
        database.run(statements.join("; ")).await
    }

    /// Prepares the database for [`TestApp::fail_after`].
    pub(crate) async fn plant_faults(&self) {
        match self.shared_database() {
            Some(database) => drop(database.run(PLANT_POSTGRES).await),
            None => drop(self.by_python(PLANT_SQLITE, 0)),
        }
    }

    /// After so many rows have changed the next one fails; below zero none does.
    pub(crate) async fn fail_after(&self, rows: i64) {
        match self.shared_database() {
            Some(database) => {
                let statement = format!("UPDATE fault SET rows_to_go = {rows}");
                database.run(statement).await;
            }
            None => drop(self.by_python(SET_SQLITE, rows)),
        }
    }

    fn by_python(&self, script: &str, rows: i64) -> String {
        let input = json!({"path": self.database_file(), "rows": rows});
        python(script, &input.to_string())
    }
}
