import { describeSink } from '@tillstream/engine/testing';

import { LakeUnderTest } from '../testing/lake-under-test';

describeSink('the lake', { once: true, runs: 4 }, async (definition) => {
  const lake = await LakeUnderTest.create(definition);
  return {
    connect: () => lake.connect(),
    stored: async (feed) => {
      if (feed === 'events') {
        const rows = await lake.query('events', `SELECT concat_ws('|', _partition, _offset, _index) AS id FROM events`);
        return rows.map(({ id }) => ({ table: 'events', id: id as string }));
      }
      const rows = await lake.query('finals', `SELECT metric || '@' || definition AS "table", id FROM finals`);
      return rows.map(({ table, id }) => ({ table: table as string, id: id as string }));
    },
    poisoned: null,
    cutOff: null,
    close: () => lake.close(),
  };
});
