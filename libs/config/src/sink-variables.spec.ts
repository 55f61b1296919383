import { sinkVariables } from './sink-variables';

describe('sinkVariables', () => {
  const environment = {
    TILLSTREAM_SINK_LAKE_WHERE: '/data/lake',
    TILLSTREAM_SINK_LAKE_SECRET: '',
    TILLSTREAM_SINK_SHOP_SEARCH_USER: 'ann',
    TILLSTREAM_SINK_SHOP_SEARCH_PASSWORD: 'x y',
    LAKE_WHERE: 'elsewhere',
  };

  it('gives a sink what is set for it, by the last part of the name', () => {
    expect(sinkVariables(environment, 'shop-search')).toEqual({ USER: 'ann', PASSWORD: 'x y' });
  });

  it('leaves out what is set to nothing, and what is of others', () => {
    expect(sinkVariables(environment, 'lake')).toEqual({ WHERE: '/data/lake' });
    expect(sinkVariables(environment, 'hooks')).toEqual({});
  });
});
