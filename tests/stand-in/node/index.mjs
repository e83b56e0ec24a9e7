import standIn from './index.cjs';

export const { startStandIn } = standIn;
