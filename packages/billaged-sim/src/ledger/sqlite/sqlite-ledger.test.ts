import { inMemory } from '../ledger.ts';
import { testLedgerBehaviour } from '../testing/ledger-behaviour.ts';
import { testLedgerProperties, type WithLedger } from '../testing/ledger-properties.ts';
import { openSqliteLedger } from './sqlite-ledger.ts';

const withLedger: WithLedger = async (use) => {
  const ledger = openSqliteLedger({ path: inMemory });
  try {
    return await use(ledger);
  } finally {
    await ledger.close();
  }
};

testLedgerBehaviour('SQLite', withLedger);
testLedgerProperties('SQLite', withLedger, 100);
